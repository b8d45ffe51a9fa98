import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { applyOrder, dependencyLevels } from "../../../src/services/processes/ApplyOrder.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"

const running = (...specs: ReadonlyArray<ProcessSpec>) => new Map(specs.map((each) => [each.id, each]))
const order = (from: ReadonlyArray<ProcessSpec>, to: ReadonlyArray<ProcessSpec>) => {
  const { starts, stops } = applyOrder(running(...from), to)
  return { stops, starts: starts.map(({ id }) => id) }
}
const a = spec("a")
const b = spec("b", { after: ["a"] })
const c = spec("c", { after: ["b"] })
const changed = (each: ProcessSpec) => ({ ...each, argv: [...each.argv, "-m"] })

const byId = (x: ProcessSpec, y: ProcessSpec) => x.id < y.id ? -1 : 1

describe("applyOrder", () => {
  it("does nothing for nothing, and nothing for equal values in any order", () => {
    assert.deepStrictEqual(order([], []), { stops: [], starts: [] })
    assert.deepStrictEqual(order([a, b], [structuredClone(b), structuredClone(a)]), { stops: [], starts: [] })
  })

  it("starts dependencies first, and stops them last", () => {
    assert.deepStrictEqual(order([], [c, b, a]), { stops: [], starts: ["a", "b", "c"] })
    assert.deepStrictEqual(order([a, b, c], []), { stops: [["c"], ["b"], ["a"]], starts: [] })
  })

  it("stops and starts what runs after a changed process, and leaves what it runs after alone", () => {
    assert.deepStrictEqual(order([a, b, c], [changed(a), b, c]), {
      stops: [["c"], ["b"], ["a"]],
      starts: ["a", "b", "c"]
    })
    assert.deepStrictEqual(order([a, b, c], [a, b, changed(c)]), { stops: [["c"]], starts: ["c"] })
  })

  it("stops independent processes together", () =>
    assert.deepStrictEqual(order([a, spec("x")], []), { stops: [["a", "x"]], starts: [] }))

  it("ends for specs that wait for each other or for nobody", () => {
    const circle = [spec("x", { after: ["y"] }), spec("y", { after: ["x"] })]
    assert.deepStrictEqual(dependencyLevels(circle).flat(), circle)
    assert.deepStrictEqual(order([], [spec("x", { after: ["nobody"] })]), { stops: [], starts: ["x"] })
  })

  const specs = fc.array(
    fc.record({ index: fc.nat(5), after: fc.array(fc.nat(5), { maxLength: 2 }), option: fc.nat(2) }),
    { maxLength: 6 }
  ).map((rows) => {
    const specById = new Map(rows.map(({ after, index, option }) => [
      `p${index}`,
      // Only smaller ones, so that there is no circle.
      spec(`p${index}`, {
        argv: ["ptp4l", String(option)],
        after: after.filter((other) => other < index).map((other) => `p${other}`)
      })
    ]))
    return Array.from(specById.values())
  })

  it("makes the desired set true: what is not stopped and what is started is what was asked for", () =>
    fc.assert(fc.property(specs, specs, (from, to) => {
      const { starts, stops } = applyOrder(running(...from), to)
      const kept = from.filter(({ id }) => !stops.flat().includes(id))
      assert.deepStrictEqual([...kept, ...starts].toSorted(byId), to.toSorted(byId))
    })))

  it("never stops a process before one that runs after it", () =>
    fc.assert(fc.property(specs, specs, (from, to) => {
      const { stops } = applyOrder(running(...from), to)
      const group = (id: string) => stops.findIndex((ids) => ids.includes(id))
      for (const { after, id } of from) {
        for (const dependency of after) {
          if (group(dependency) >= 0 && from.some((other) => other.id === dependency)) {
            assert.isTrue(group(id) >= 0 && group(id) < group(dependency))
          }
        }
      }
    })))
})
