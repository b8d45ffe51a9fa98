import { assert, describe, it } from "@effect/vitest"
import { nodeRows, renderRows } from "../../../src/programs/cli/StatusCommand.ts"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"

const condition = (type: string, status: string, reason: string, message = "") => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-11-23T10:00:00Z"
})

const node = (
  name: string,
  conditions: ReadonlyArray<ReturnType<typeof condition>>,
  state = "LOCKED"
): KubernetesObject => ({
  metadata: { name },
  status: {
    ptpDevices: [],
    profiles: [{ name: "profile1", config: "config1", priority: 4, matchedBy: `nodeName ${name}` }],
    processes: [],
    clock: { state, ports: [], since: "2026-11-23T10:00:00Z" },
    conditions
  }
})

const good = [
  condition("Applied", "True", "Applied"),
  condition("Synchronized", "True", "Locked"),
  condition("Degraded", "False", "AsExpected")
]

describe("status", () => {
  it("says that there is nothing", () => assert.strictEqual(renderRows(nodeRows([])), "No NodePTPDevs found."))

  it("puts nodes with problems first, each group by name", () => {
    const rows = nodeRows([
      node("b", good),
      node("a", good),
      node("z", [condition("Applied", "False", "InvalidConfiguration", "config1: no"), ...good.slice(1)]),
      { metadata: { name: "y" } }
    ])
    assert.deepStrictEqual(rows.map(({ node, problems }) => [node, problems]), [
      ["y", ["no status yet"]],
      ["z", ["Applied: InvalidConfiguration: config1: no"]],
      ["a", []],
      ["b", []]
    ])
  })

  it("does not call a grandmaster on its own oscillator a problem, nor a node without a profile", () => {
    const grandmaster = [good[0], condition("Synchronized", "False", "Grandmaster"), good[2]].flatMap((each) =>
      each ?? []
    )
    const idle = [good[0], condition("Synchronized", "Unknown", "NoProfile"), good[2]].flatMap((each) => each ?? [])
    assert.deepStrictEqual(
      nodeRows([node("a", grandmaster, "FREERUN"), node("b", idle)]).flatMap(({ problems }) => problems),
      []
    )
  })

  it("is a table for people", () =>
    assert.strictEqual(
      renderRows(nodeRows([node("worker-1", good)])),
      "NODE      PROFILE   CLOCK   APPLIED  PROBLEM\nworker-1  profile1  LOCKED  True     -"
    ))

  it("lets no message steer the terminal or break its line", () => {
    const hostile = condition("Applied", "False", "InvalidConfiguration", "a\u001B[2J\nb")
    assert.include(renderRows(nodeRows([node("a", [hostile, ...good.slice(1)])])), "InvalidConfiguration: a?[2J?b")
  })
})
