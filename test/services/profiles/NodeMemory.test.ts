import { assert, describe, it } from "@effect/vitest"
import { Equal, Option } from "effect"
import * as fc from "fast-check"
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import type { DecisionFacts } from "../../../src/services/profiles/DecisionFacts.ts"
import type { KnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import { step } from "../../../src/services/profiles/NodeMemory.ts"
import type { NodeMemoryAction, NodeMemoryEvent } from "../../../src/services/profiles/NodeMemoryEvent.ts"
import { initialNodeMemory, type NodeMemory } from "../../../src/services/profiles/NodeMemoryState.ts"
import { isOfSameProfile, isSameVersion } from "../../../src/services/profiles/VersionMemory.ts"
import { nic } from "../status/PublishedNode.ts"

/** Object `name` with one ptp4l on a NIC of its own. */
const object = (
  name: string,
  ptp4lOpts: string,
  { nodeName = "worker-1", ...more }: { readonly nodeName?: string; readonly phc2sysOpts?: string } = {}
): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid: `uid-${name}` },
  spec: {
    profile: [{ name: `profile-${name}`, interface: `eth-${name}`, ptp4lOpts, ...more }],
    recommend: [{ profile: `profile-${name}`, priority: 4, match: [{ nodeName }] }]
  }
})

const cause = {
  type: "MODIFIED" as const,
  name: "a",
  generation: 2,
  resourceVersion: "2",
  receivedAtNanos: 0n,
  span: Option.none()
}

const facts = (objects: ReadonlyArray<KubernetesObject>, change: Partial<DecisionFacts> = {}): DecisionFacts => ({
  configuration: { objects, node: { name: "worker-1", labels: {} }, isFromDisk: false },
  linuxptp: Option.some({ major: 4, minor: 4, patch: 0 }),
  interfaces: undefined,
  cause: undefined,
  knownGood: Option.none(),
  ...change
})

const told = (...objects: ReadonlyArray<KubernetesObject>): NodeMemoryEvent => ({
  _tag: "FactsChanged",
  facts: facts(objects)
})

const working = { state: "Running", wasReady: true } as const
const failing = {
  state: "BackOff",
  deaths: 3,
  configurationErrors: 3,
  lastExit: "exit code 255: no such thing"
} as const

const statusOf = (spec: ProcessSpec, change: Partial<ProcessStatus>): ProcessStatus => ({
  ...newProcessStatus(spec),
  ...change
})
const seen = (specs: ReadonlyArray<ProcessSpec>, change: Partial<ProcessStatus>): NodeMemoryEvent => ({
  _tag: "StatusesChanged",
  statuses: specs.map((spec) => statusOf(spec, change))
})

/** A node whose events are given one by one; it keeps the actions that nobody has looked at yet. */
const makeNode = (knownGood: Option.Option<KnownGood> = Option.none()) => {
  let memory = initialNodeMemory("/run/d")
  let actions: ReadonlyArray<NodeMemoryAction> = []
  /** What programs look at now; a newer question ends the one before it. */
  let question: ReadonlyArray<ProcessSpec> | undefined
  const take = (event: NodeMemoryEvent, now = 0n) => {
    // The disk has answered before the first facts.
    const [next, more] = step(
      memory,
      event._tag === "FactsChanged" ? { ...event, facts: { ...event.facts, knownGood } } : event,
      now
    )
    memory = next
    actions = [...actions, ...more]
    if (event._tag === "ConfigurationsChecked" && event.asked === question) question = undefined
    for (const action of more) if (action._tag === "AskPrograms") question = action.asked
  }
  const answer = (refused: (spec: ProcessSpec) => boolean = () => false) => {
    const asked = question ?? []
    const spec = asked.find(refused)
    const refusal = Option.map(Option.fromUndefinedOr(spec), (one) => ({ spec: one, message: "unknown section x" }))
    take({ _tag: "ConfigurationsChecked", asked, refusal })
  }
  return {
    take,
    answer,
    /** Applies these objects, and nobody refuses anything. */
    run: (...objects: ReadonlyArray<KubernetesObject>) => {
      take(told(...objects))
      if (memory.pending !== undefined) answer()
      actions = []
    },
    memory: () => memory,
    question: () => question,
    applied: () => memory.inForce.applied,
    argv: () => memory.inForce.applied.map(({ argv }) => argv[1]),
    /** What was to be done since the last look. */
    actions: () => {
      const done = actions
      actions = []
      return done
    }
  }
}

const named = (name: string): NetworkInterface => ({ ...nic(0), name })
const tagsOf = (actions: ReadonlyArray<NodeMemoryAction>) => actions.map(({ _tag }) => _tag)
const optionsOf = (versions: ReadonlyArray<{ readonly profile: { readonly ptp4lOpts?: string | undefined } }>) =>
  versions.map(({ profile }) => profile.ptp4lOpts)

describe("the memory of a node", () => {
  it("wants nothing done before there are facts", () => {
    const node = makeNode()
    node.take(seen([], {}))
    node.take({ _tag: "RejectionsChanged" })
    node.answer()
    assert.deepStrictEqual(node.actions(), [])
    assert.deepStrictEqual(node.memory(), initialNodeMemory("/run/d"))
  })

  it("applies what programs have nothing against, and asks about nothing twice", () => {
    const node = makeNode()
    node.take(told(object("a", "-2")), 7n)
    const [question] = node.actions()
    assert.deepStrictEqual(question?._tag === "AskPrograms" && question.asked.map(({ program }) => program), ["ptp4l"])
    assert.deepStrictEqual(node.applied(), [])
    node.answer()
    const [apply, ...others] = node.actions()
    assert.isTrue(apply?._tag === "Apply" && apply.decision.processes.length === 1)
    assert.deepStrictEqual(apply?._tag === "Apply" && apply.trigger, { cause: undefined, since: 7n })
    assert.deepStrictEqual(others, [])
    node.take(told(object("a", "-2"), object("b", "-2", { nodeName: "worker-2" })))
    assert.deepStrictEqual(tagsOf(node.actions()), ["Apply"])
  })

  it("decides anew for a refusal, and asks about what takes its place", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.take(told(object("a", "-4")))
    node.answer(({ argv }) => argv.includes("-4"))
    assert.deepStrictEqual(tagsOf(node.actions()), ["AskPrograms", "Apply"])
    assert.deepStrictEqual(node.argv(), ["-2"])
    assert.deepStrictEqual(optionsOf(node.memory().versions.rejected), ["-4"])
  })

  it("keeps what works, once, when every process of it is ready", () => {
    const node = makeNode()
    node.run(object("a", "-2"), object("b", "-2"))
    const [first, second] = node.applied()
    assert.isDefined(first)
    assert.isDefined(second)
    node.take(seen([first], working))
    assert.deepStrictEqual(node.actions(), [])
    node.take(seen([first, second], working))
    assert.deepStrictEqual(tagsOf(node.actions()), ["KeepKnownGood"])
    node.take(seen([first, second], working))
    node.take(told(object("b", "-2"), object("a", "-2")))
    assert.deepStrictEqual(tagsOf(node.actions()), ["Apply"])
  })

  it("asks for another decision when a version is rejected, which then is what worked", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.take(seen(node.applied(), working))
    node.take({ _tag: "FactsChanged", facts: facts([object("a", "-4")], { cause }) })
    node.answer()
    node.actions()
    node.take(seen(node.applied(), failing))
    assert.deepStrictEqual(tagsOf(node.actions()), ["DecideAgain"])
    assert.deepStrictEqual(node.argv(), ["-4"])
    node.take({ _tag: "RejectionsChanged" }, 9n)
    const [keep, apply] = node.actions()
    assert.strictEqual(keep?._tag, "KeepKnownGood")
    assert.deepStrictEqual(apply?._tag === "Apply" && apply.trigger, { cause: undefined, since: 9n })
    assert.deepStrictEqual(node.argv(), ["-2"])
  })

  it("asks for another decision also when only the phc2sys of a version does not start", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.take(seen(node.applied(), working))
    node.run(object("a", "-2", { phc2sysOpts: "-a -r" }))
    const statuses = node.applied().map((spec) => statusOf(spec, spec.program === "ptp4l" ? working : failing))
    node.take({ _tag: "StatusesChanged", statuses })
    assert.deepStrictEqual(tagsOf(node.actions()), ["DecideAgain"])
  })

  it("tries a version on that stands in for a refused one and does not start either, and settles", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.take(seen(node.applied(), { ...failing, deaths: 2, configurationErrors: 2 }))
    node.take(told(object("a", "-4")))
    node.answer(({ argv }) => argv.includes("-4"))
    assert.deepStrictEqual(node.argv(), ["-2"])
    node.take(seen(node.applied(), failing))
    node.actions()
    node.take({ _tag: "RejectionsChanged" })
    assert.deepStrictEqual(tagsOf(node.actions()), ["Apply"])
    assert.deepStrictEqual([node.argv(), optionsOf(node.memory().versions.rejected)], [["-2"], ["-4", "-2"]])
  })

  it("rejects nothing for a process that a version has from the one before it", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.run(object("a", "-2", { phc2sysOpts: "-a -r" }))
    const isOf = (program: string) => node.applied().filter((spec) => spec.program === program)
    node.take(seen(isOf("ptp4l"), failing))
    assert.deepStrictEqual(node.memory().versions.rejected, [])
    node.take(seen(isOf("phc2sys"), failing))
    assert.strictEqual(node.memory().versions.rejected.length, 1)
  })

  it("remembers with a rejection at once which of its NICs were there", () => {
    const node = makeNode()
    const interfaces = [named("eth-a"), named("eth-b")]
    node.take({ _tag: "FactsChanged", facts: facts([object("a", "-2")], { interfaces }) })
    node.answer()
    node.take(seen(node.applied(), failing))
    assert.deepStrictEqual(node.memory().versions.rejected.map(({ nics }) => nics), [[{ name: "eth-a", hasPhc: true }]])
  })

  it("plans nothing again that did not change", () => {
    const node = makeNode()
    const mine = object("a", "-2")
    node.run(mine)
    const [before] = node.applied()
    node.run(mine, object("b", "-2"))
    assert.include(node.applied(), before)
  })

  it("learns nothing from the processes of a predecessor under the same id", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    const before = node.applied()
    node.run(object("a", "-4"))
    node.take(seen(before, working))
    assert.deepStrictEqual([node.memory().versions.worked, node.actions()], [[], []])
  })

  it("says that linuxptp is missing each time that it looks, and forgets the question", () => {
    const node = makeNode()
    node.take(told(object("a", "-2")))
    const missing: NodeMemoryEvent = { _tag: "FactsChanged", facts: facts([], { linuxptp: Option.none() }) }
    node.take(missing)
    node.take(missing)
    assert.deepStrictEqual(tagsOf(node.actions()), ["AskPrograms", "TellLinuxptpMissing", "TellLinuxptpMissing"])
    assert.isUndefined(node.memory().pending)
  })

  it("runs what comes from disk unasked, and keeps it from being kept again", () => {
    const before = makeNode()
    before.run(object("a", "-2"))
    before.take(seen(before.applied(), working))
    const knownGood = Option.fromUndefinedOr(before.memory().kept)
    const node = makeNode(knownGood)
    const { node: name } = Option.getOrThrow(knownGood)
    node.take({
      _tag: "FactsChanged",
      facts: facts([], { configuration: { objects: [object("a", "-2")], node: name, isFromDisk: true } })
    })
    const [apply, ...others] = node.actions()
    assert.deepStrictEqual([apply?._tag === "Apply" && apply.isFromDisk, others], [true, []])
    assert.deepStrictEqual(node.applied(), before.applied())
  })
})

describe("while a program is asked", () => {
  /** `a` works in one version, and its next one is asked about. */
  const asking = (change: Partial<DecisionFacts> = {}) => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.take({ _tag: "FactsChanged", facts: facts([object("a", "-4")], { cause, ...change }) }, 1n)
    return node
  }

  it("what is learned counts, and the question stays open", () => {
    const node = asking()
    node.take(seen(node.applied(), working))
    assert.deepStrictEqual(tagsOf(node.actions()), ["AskPrograms", "KeepKnownGood"])
    assert.deepStrictEqual(optionsOf(node.memory().versions.worked), ["-2"])
    node.answer(() => true)
    assert.deepStrictEqual(optionsOf(node.memory().versions.worked), ["-2"])
    assert.deepStrictEqual(node.argv(), ["-2"])
  })

  it("a rejection makes the decision that waits anew, not a second one", () => {
    const node = makeNode()
    node.run(object("a", "-2"))
    node.take(seen(node.applied(), working))
    node.run(object("a", "-4"))
    node.take(told(object("a", "-4"), object("b", "-2")))
    node.take(seen(node.applied(), failing))
    assert.deepStrictEqual(tagsOf(node.actions()), ["AskPrograms"])
    node.answer()
    assert.deepStrictEqual(tagsOf(node.actions()), ["Apply"])
    assert.deepStrictEqual(node.argv(), ["-2", "-2"])
  })

  it("newer facts are what is decided, since the older ones and for their cause", () => {
    const node = asking()
    node.take({ _tag: "FactsChanged", facts: facts([object("a", "-4")], { interfaces: [nic(0)] }) }, 2n)
    assert.deepStrictEqual(tagsOf(node.actions()), ["AskPrograms"])
    node.answer()
    const [apply] = node.actions()
    assert.deepStrictEqual(apply?._tag === "Apply" && apply.trigger, { cause, since: 1n })
  })

  it("another question has a time of its own: edits that keep coming are no decision that hangs", () => {
    const node = asking()
    node.take(told(object("a", "-6")), 5n)
    node.answer()
    const apply = node.actions().at(-1)
    assert.deepStrictEqual(apply?._tag === "Apply" && apply.trigger, { cause, since: 5n })
  })

  it("what stands in for a refused version is asked about, also where it is the very same process", () => {
    const node = makeNode()
    node.take(told(object("a", "-2", { nodeName: "worker-2" })))
    node.take(told(object("a", "-2 ")))
    node.answer(() => true)
    assert.deepStrictEqual(tagsOf(node.actions()), ["KeepKnownGood", "Apply", "AskPrograms", "AskPrograms"])
    node.answer()
    assert.deepStrictEqual(node.argv(), ["-2"])
  })

  it("the answer to an older question is nobody's", () => {
    const node = asking()
    const asked = node.memory().pending?.asked ?? []
    node.take(told(object("a", "-6")))
    node.actions()
    const [spec] = asked
    assert.isDefined(spec)
    node.take({ _tag: "ConfigurationsChecked", asked, refusal: Option.some({ spec, message: "no" }) })
    node.take({ _tag: "ConfigurationsChecked", asked, refusal: Option.none() })
    assert.deepStrictEqual([node.actions(), node.memory().versions.rejected], [[], []])
    node.answer()
    assert.deepStrictEqual(node.argv(), ["-6"])
  })
})

/** One thing that may happen to a node with two profiles, of which one has four versions. */
type Happening =
  | { readonly edit: "-2" | "-2 " | "-4" | "-6" | "-Y"; readonly isOfA: boolean }
  | { readonly statuses: ReadonlyArray<"working" | "failing" | "starting"> }
  | { readonly nics: ReadonlyArray<"eth-a" | "eth-b"> }
  | { readonly answer: boolean }
  | { readonly again: true }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    // With a blank it is another version that runs the same process.
    edit: fc.constantFrom("-2" as const, "-2 " as const, "-4" as const, "-6" as const, "-Y" as const),
    isOfA: fc.boolean()
  }),
  fc.record({
    statuses: fc.array(fc.constantFrom("working" as const, "failing" as const, "starting" as const), {
      minLength: 2,
      maxLength: 2
    })
  }),
  fc.record({ nics: fc.subarray(["eth-a" as const, "eth-b" as const]) }),
  fc.record({ answer: fc.boolean() }),
  fc.constant({ again: true as const })
)

const changes = { working, failing, starting: {} }
/** The events of a life, each told of what the memory of that moment wants. */
const live = (happenings: ReadonlyArray<Happening>, look: (before: NodeMemory, node: Node, at: Happening) => void) => {
  const node = makeNode()
  let options = { a: "-2", b: "-2" }
  let interfaces: ReadonlyArray<NetworkInterface> = []
  const tell = () =>
    node.take({
      _tag: "FactsChanged",
      facts: facts([object("a", options.a), object("b", options.b)], { interfaces })
    })
  tell()
  for (const at of happenings) {
    const before = node.memory()
    if ("edit" in at) {
      options = at.isOfA ? { ...options, a: at.edit } : { ...options, b: at.edit }
      tell()
    } else if ("nics" in at) {
      interfaces = at.nics.map(named)
      tell()
    } else if ("statuses" in at) {
      node.take({
        _tag: "StatusesChanged",
        statuses: node.applied().map((spec, index) => statusOf(spec, changes[at.statuses[index] ?? "starting"]))
      })
    } else if ("answer" in at) node.answer(() => !at.answer)
    else node.take({ _tag: "RejectionsChanged" })
    look(before, node, at)
  }
  return node
}
type Node = ReturnType<typeof makeNode>

const lives = fc.array(happening, { maxLength: 30 })

describe("in every life", () => {
  it("a decision that waits has a question under way", () => {
    fc.assert(fc.property(lives, (happenings) => {
      live(happenings, (_, node) => {
        const { pending } = node.memory()
        assert.deepStrictEqual(pending === undefined ? undefined : node.question(), pending?.asked)
      })
    }))
  })

  it("a version that worked is never rejected, and there are few of each for a profile", () => {
    fc.assert(fc.property(lives, (happenings) => {
      live(happenings, (_, node) => {
        const { rejected, worked } = node.memory().versions
        for (const version of worked) assert.isFalse(rejected.some(isSameVersion(version)))
        for (const version of worked) assert.strictEqual(worked.filter(isOfSameProfile(version)).length, 1)
        for (const version of rejected) {
          assert.strictEqual(rejected.filter(isSameVersion(version)).length, 1)
          assert.isAtMost(rejected.filter(isOfSameProfile(version)).length, 3)
        }
      })
    }))
  })

  it("what was seen to work is remembered, whatever is asked or decided meanwhile", () => {
    fc.assert(fc.property(lives, (happenings) => {
      live(happenings, (before, node, at) => {
        const { worked } = node.memory().versions
        // A version that runs the very process of the one before it works by what is known of that.
        const processes = (versions: typeof worked) => optionsOf(versions).map((options) => options?.trim())
        if (!("statuses" in at)) assert.sameMembers(processes(worked), processes(before.versions.worked))
        else if (at.statuses.every((state) => state === "working")) {
          for (const version of before.inForce.running) assert.isTrue(worked.some(isSameVersion(version)))
        }
      })
    }))
  })

  it("nothing is applied that a program was not asked about and that never ran or worked", () => {
    fc.assert(fc.property(lives, (happenings) => {
      const passed: Array<ProcessSpec> = []
      live(happenings, (before, node, at) => {
        if ("answer" in at && at.answer) passed.push(...before.pending?.asked ?? [])
        for (const spec of node.memory().inForce.processes) {
          assert.isTrue(passed.some((other) => Equal.equals(other, spec)), spec.argv.join(" "))
        }
      })
    }))
  })

  it("refusals end: every question leads to a decision after as many answers as there are versions", () => {
    fc.assert(fc.property(lives, fc.subarray(["-2", "-4", "-6"]), (happenings, refused) => {
      const node = live(happenings, () => {})
      let answers = 0
      for (; node.memory().pending !== undefined; answers += 1) {
        assert.isBelow(answers, 8)
        node.answer(({ argv }) => refused.some((option) => argv.includes(option)))
      }
    }))
  })

  it("rejections end: with processes that all fail, or all work, the node settles", () => {
    fc.assert(fc.property(lives, fc.constantFrom("working" as const, "failing" as const), (happenings, fate) => {
      const node = live(happenings, () => {})
      for (let rounds = 0;; rounds += 1) {
        assert.isBelow(rounds, 12)
        while (node.memory().pending !== undefined) node.answer()
        node.actions()
        node.take(seen(node.applied(), changes[fate]))
        if (!node.actions().some(({ _tag }) => _tag === "DecideAgain")) return
        node.take({ _tag: "RejectionsChanged" })
      }
    }))
  })
})

describe("events that have nothing to do with each other", () => {
  it("leave the same memory and the same processes in any order", () => {
    const elsewhere = object("c", "-2", { nodeName: "worker-2" })
    const orders = fc.tuple(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), fc.boolean())
    fc.assert(fc.property(orders, ([order, doesWork]) => {
      const node = makeNode()
      node.run(object("a", "-2"))
      node.take(seen(node.applied(), working))
      node.run(object("a", "-4"))
      const objects = [object("a", "-4")]
      let interfaces: ReadonlyArray<NetworkInterface> | undefined
      const tell = () => node.take({ _tag: "FactsChanged", facts: facts(objects, { interfaces }) })
      const specs = node.applied()
      const events = [
        () => {
          objects.push(elsewhere)
          tell()
        },
        () => {
          interfaces = [named("eth-a"), named("eth9")]
          tell()
        },
        () => node.take(seen(specs, doesWork ? working : failing)),
        () => node.take({ _tag: "RejectionsChanged" })
      ]
      for (const index of order) events[index]?.()
      node.take({ _tag: "RejectionsChanged" })
      const { rejected, worked } = node.memory().versions
      assert.deepStrictEqual(node.argv(), [doesWork ? "-4" : "-2"])
      assert.deepStrictEqual([optionsOf(worked), optionsOf(rejected)], doesWork ? [["-4"], []] : [["-2"], ["-4"]])
    }))
  })
})
