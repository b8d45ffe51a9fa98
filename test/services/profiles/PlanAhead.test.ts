import { assert, describe, it } from "@effect/vitest"
import { decide } from "../../../src/services/profiles/Decide.ts"
import { planAhead } from "../../../src/services/profiles/PlanAhead.ts"
import { emptyVersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

const setup = { version: { major: 4, minor: 2, patch: 0 }, runDir: "/run/linuxptp-daemon" }

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

/** What is known at the end, and how many steps that took. */
const work = (...words: Parameters<typeof planAhead>) => {
  const steps = planAhead(...words)
  for (let count = 0;; count += 1) {
    const { done, value } = steps.next()
    if (done === true) return { count, known: value }
  }
}

const decideWith = (objects: Parameters<typeof planAhead>[1], known?: Parameters<typeof planAhead>[0]) =>
  decide({
    objects,
    node: { name: "worker-1", labels: {} },
    interfaces: undefined,
    linuxptpVersion: setup.version,
    runDir: setup.runDir,
    memory: emptyVersionMemory,
    known
  })

describe("planAhead", () => {
  it("takes one step for each object and one for each of its profiles", () => {
    assert.strictEqual(work(undefined, [], setup).count, 0)
    assert.strictEqual(work(undefined, [object("a", 22), object("b", 1)], setup).count, 25)
  })

  it("takes steps for new objects only", () => {
    const known = [object("a", 22), object("b", 3)]
    const before = work(undefined, known, setup)
    assert.strictEqual(work(before.known, known, setup).count, 0)
    assert.strictEqual(work(before.known, [...known, object("c", 1)], setup).count, 2)
  })

  it("goes past an object that cannot be read", () => {
    const wrong = { metadata: { name: "w", uid: "w" }, spec: { profile: 1 } }
    assert.strictEqual(work(undefined, [wrong, object("a", 1)], setup).count, 3)
  })

  it("changes no decision, and leaves a decision nothing to plan", () => {
    const objects = [object("a", 3), object("b", 2, "[global]\nnonsense 1\n")]
    const { known } = work(undefined, objects, setup)
    const decided = decideWith(objects, known)
    assert.deepStrictEqual(decided.decision, decideWith(objects).decision)
    for (const [profile, plan] of decided.known.plans) assert.strictEqual(plan, known.plans.get(profile))
  })
})
