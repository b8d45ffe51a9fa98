import { assert, describe, it } from "@effect/vitest"
import { decide, type DecideInput, decideWithPauses } from "../../../src/services/profiles/Decide.ts"
import { emptyVersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

const object = (name: string, profiles: number, conf = "[global]\n") => {
  const profile = Array.from({ length: profiles }, (_, index) => ({
    name: `p${index}`,
    interface: `eth${index}`,
    ptp4lOpts: "-2",
    ptp4lConf: conf
  }))
  const recommend = profile.map((one) => ({ profile: one.name, priority: 1, match: [{ nodeName: "worker-1" }] }))
  return { metadata: { name, uid: name }, spec: { profile, recommend } }
}

const input = (objects: DecideInput["objects"]): DecideInput => ({
  objects,
  node: { name: "worker-1", labels: {} },
  interfaces: undefined,
  linuxptpVersion: { major: 4, minor: 2, patch: 0 },
  runDir: "/run/linuxptp-daemon",
  memory: emptyVersionMemory
})

/** What is decided, and how many pauses that has. */
const paused = (objects: DecideInput["objects"]) => {
  const work = decideWithPauses(input(objects))
  for (let pauses = 0;; pauses += 1) {
    const { done, value } = work.next()
    if (done === true) return { pauses, decided: value }
  }
}

describe("decideWithPauses", () => {
  it("pauses after each object and each of its profiles, as it is read and as it is selected", () => {
    const ofNothing = paused([]).pauses
    assert.strictEqual(paused([object("a", 22), object("b", 1)]).pauses, ofNothing + 2 * (2 + 23))
    assert.strictEqual(paused(Array.from({ length: 500 }, (_, n) => object(`o${n}`, 1))).pauses, ofNothing + 2000)
  })

  it("goes past an object that cannot be read", () => {
    const wrong = { metadata: { name: "w", uid: "w" }, spec: { profile: 1 } }
    assert.strictEqual(paused([wrong, object("a", 1)]).pauses, paused([]).pauses + 1 + 4)
  })

  it("decides as without pauses", () => {
    const objects = [object("a", 3), object("b", 2, "[global]\nnonsense 1\n")]
    assert.deepStrictEqual(paused(objects).decided, decide(input(objects)))
  })
})

it("explains why others lost only to those who ask", () => {
  const objects = [object("a", 1)]
  const elsewhere = { ...input(objects), node: { name: "worker-2", labels: {} } }
  assert.deepStrictEqual(decide(elsewhere).decision.skipped.map(({ reason }) => reason), ["NoMatch"])
  assert.deepStrictEqual(decide({ ...elsewhere, isExplained: false }).decision.skipped, [])
})
