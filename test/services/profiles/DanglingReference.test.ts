import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import { newProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { objectsOf } from "../../../src/services/profiles/KnownGoodOf.ts"
import type { KnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import { step } from "../../../src/services/profiles/NodeMemory.ts"
import type { NodeMemoryEvent } from "../../../src/services/profiles/NodeMemoryEvent.ts"
import { initialNodeMemory } from "../../../src/services/profiles/NodeMemoryState.ts"

interface Written {
  readonly profiles?: ReadonlyArray<string>
  readonly recommends?: ReadonlyArray<string>
  readonly uid?: string
  readonly ptp4lOpts?: string
  readonly label?: string
}

/** An object with profiles on a NIC each, and recommendations. */
const object = (
  name: string,
  { label, profiles = [], ptp4lOpts = "-2", recommends = [], uid = `uid-${name}` }: Written
): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid, generation: 1 },
  spec: {
    profile: profiles.map((profile) => ({ name: profile, interface: `eth-${name}`, ptp4lOpts })),
    recommend: recommends.map((profile) => ({
      profile,
      priority: 4,
      match: [label === undefined ? { nodeName: "worker-1" } : { nodeLabel: label }]
    }))
  }
})

const makeNode = (knownGood: Option.Option<KnownGood> = Option.none()) => {
  let memory = initialNodeMemory("/run/d")
  const take = (event: NodeMemoryEvent) => {
    const [next, actions] = step(memory, event, 0n)
    memory = next
    for (const action of actions) {
      if (action._tag === "AskPrograms") {
        take({ _tag: "ConfigurationsChecked", asked: action.asked, refusal: Option.none() })
      } else if (action._tag === "Apply") {
        problems = action.decision.problems.map(({ message, reason }) => [reason, message])
      }
    }
  }
  let problems: ReadonlyArray<readonly [string | undefined, string]> = []
  const told = (
    objects: ReadonlyArray<KubernetesObject>,
    { isFromDisk = false, labels = {} }: { readonly isFromDisk?: boolean; readonly labels?: Record<string, string> } =
      {}
  ) => {
    const configuration = { objects, node: { name: "worker-1", labels }, isFromDisk }
    const linuxptp = Option.some({ major: 4, minor: 4, patch: 0 })
    take({
      _tag: "FactsChanged",
      facts: { configuration, linuxptp, interfaces: undefined, cause: undefined, knownGood }
    })
    return memory.inForce.applied.map(({ config, profile }) => `${config}/${profile}`)
  }
  return {
    told,
    /** Every process is ready. */
    work: () =>
      take({
        _tag: "StatusesChanged",
        statuses: memory.inForce.applied.map((spec) => ({
          ...newProcessStatus(spec),
          state: "Running" as const,
          wasReady: true
        }))
      }),
    applied: () => memory.inForce.applied,
    kept: () => memory.kept,
    problems: () => problems
  }
}

const own = object("a", { profiles: ["p"], recommends: ["p"] })
const renamed = object("a", { profiles: ["q"], recommends: ["p"] })
const by = object("by", { recommends: ["p"] })
const holder = object("h", { profiles: ["p"] })

describe("a recommendation whose profile is there no more", () => {
  it("goes on with what ran by it when the profile was renamed, and says so", () => {
    const node = makeNode()
    node.told([own])
    const before = node.applied()
    assert.deepStrictEqual(node.told([renamed]), ["a/p"])
    assert.deepStrictEqual(node.applied(), before)
    assert.deepStrictEqual(node.problems(), [[
      "MissingProfile",
      "no NodePTPCfg has a profile \"p\"; what ran by it, profile \"p\" of a, goes on"
    ]])
    assert.deepStrictEqual(node.told([renamed]), ["a/p"])
  })

  it("goes on when the profile was removed from another object that lives", () => {
    const node = makeNode()
    node.told([by, holder])
    assert.deepStrictEqual(node.told([by, object("h", { profiles: ["q"] })]), ["h/p"])
    assert.deepStrictEqual(node.told([by, object("h", {})]), ["h/p"])
  })

  it("goes on when another object makes the name ambiguous, and names both", () => {
    const node = makeNode()
    node.told([by, holder])
    assert.deepStrictEqual(node.told([by, holder, object("z", { profiles: ["p"] })]), ["h/p"])
    assert.deepStrictEqual(node.problems(), [[
      "AmbiguousProfile",
      "several NodePTPCfgs have a profile \"p\": h, z; what ran by it, profile \"p\" of h, goes on"
    ]])
  })

  it("means the new profile once the name is certain again", () => {
    const node = makeNode()
    node.told([by, holder])
    node.told([by, object("h", {})])
    assert.deepStrictEqual(node.told([by, object("h", {}), object("z", { profiles: ["p"] })]), ["z/p"])
  })

  it.each<readonly [string, ReadonlyArray<KubernetesObject>]>([
    ["the object with the profile is deleted", [by]],
    ["the object with the profile is made anew", [by, object("h", { uid: "new" })]],
    ["the object with the recommendation is deleted", [object("h", {})]],
    ["the recommendation is removed", [object("by", {}), object("h", {})]],
    ["the recommendation names another profile", [object("by", { recommends: ["other"] }), object("h", {})]],
    ["the recommendation is for other nodes", [object("by", { recommends: ["p"], label: "x=y" }), object("h", {})]]
  ])("ends when %s", (_, objects) => {
    const node = makeNode()
    node.told([by, holder])
    assert.deepStrictEqual(node.told([by, object("h", {})]), ["h/p"])
    assert.deepStrictEqual(node.told(objects), [])
    assert.deepStrictEqual(node.told([by, object("h", {})]), [], "it does not come back")
  })

  it("ends with the label that it matched, for good", () => {
    const node = makeNode()
    const rule = object("by", { recommends: ["p"], label: "ptp=yes" })
    node.told([rule, holder], { labels: { ptp: "yes" } })
    assert.deepStrictEqual(node.told([rule, object("h", {})], { labels: { ptp: "yes" } }), ["h/p"])
    assert.deepStrictEqual(node.told([rule, object("h", {})]), [])
    assert.deepStrictEqual(node.told([rule, object("h", {})], { labels: { ptp: "yes" } }), [])
  })

  it("is only reported where nothing ran by it, and the next entry counts", () => {
    const node = makeNode()
    const both = object("a", { profiles: ["q"], recommends: ["p", "q"] })
    assert.deepStrictEqual(node.told([both]), ["a/q"])
    assert.deepStrictEqual(node.problems(), [["MissingProfile", "no NodePTPCfg has a profile \"p\""]])
  })

  it("goes on after a restart of the daemon, before and after the API server has answered", () => {
    const first = makeNode()
    first.told([by, holder])
    first.work()
    assert.deepStrictEqual(first.told([by, object("h", {})]), ["h/p"])
    first.work()
    const kept = Option.fromUndefinedOr(first.kept())
    const node = makeNode(kept)
    assert.deepStrictEqual(node.told(objectsOf(Option.getOrThrow(kept)), { isFromDisk: true }), ["h/p"])
    assert.deepStrictEqual(node.applied(), first.applied())
    assert.deepStrictEqual(node.told([by, object("h", {})]), ["h/p"])
    assert.deepStrictEqual(node.told([by]), [])
  })
})
