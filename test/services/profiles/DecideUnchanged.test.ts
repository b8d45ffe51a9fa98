import { assert, describe, it } from "@effect/vitest"
import { Equal, type Schema } from "effect"
import * as fc from "fast-check"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import { decide, type DecideInput } from "../../../src/services/profiles/Decide.ts"
import { emptyVersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

type Fields = { readonly [field: string]: Schema.Json }

/** A cluster as it is at one moment. */
interface State {
  readonly objects: ReadonlyArray<
    { readonly name: string; readonly profile: ReadonlyArray<Fields>; readonly recommend: ReadonlyArray<Fields> }
  >
  readonly metadata: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly interfaces: ReadonlyArray<string> | undefined
}

const start: State = {
  objects: [
    {
      name: "dual",
      profile: [
        {
          name: "nic1",
          interface: "eth0",
          ptp4lOpts: "-2 -s --summary_interval=-4",
          ptp4lConf: "[global]\ndomainNumber 24\n[eth0]\nlogSyncInterval -4\n"
        },
        {
          name: "nic2",
          ptp4lConf: "[global]\n[eth1]\n[eth2]\nmasterOnly 1\n",
          ptpSchedulingPolicy: "SCHED_FIFO",
          ptpSchedulingPriority: 10
        },
        { name: "ha", phc2sysOpts: "-a -r -n 24 -n 0", phc2sysConf: "[global]\nstep_threshold 0.00002\n" }
      ],
      recommend: [
        { profile: "nic1", priority: 4, match: [{ nodeLabel: "ptp/dual" }, { nodeName: "worker-9" }] },
        { profile: "nic2", priority: 4, match: [{ nodeName: "worker-1" }, { nodeLabel: "rack=7" }] },
        { profile: "ha", priority: 4, match: [{ nodeName: "worker-1" }] }
      ]
    },
    {
      name: "pulse",
      profile: [{
        name: "gnss",
        ts2phcOpts: "-s generic -c eth3",
        ts2phcConf: "[global]\nts2phc.pulsewidth 100000000\n"
      }],
      recommend: [{ profile: "gnss", priority: 4, match: [{ nodeLabel: "ptp/dual" }] }]
    }
  ],
  metadata: {},
  labels: { "ptp/dual": "" },
  interfaces: undefined
}

const mapProfiles = (state: State, edit: (profile: Fields) => Fields): State => ({
  ...state,
  objects: state.objects.map(({ name, profile, recommend }) => ({ name, profile: profile.map(edit), recommend }))
})

const editText = (field: string, edit: (text: string) => string) => (profile: Fields): Fields => {
  const text = profile[field]
  return typeof text === "string" ? { ...profile, [field]: edit(text) } : profile
}

const rotate = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const at = by % Math.max(items.length, 1)
  return [...items.slice(at), ...items.slice(0, at)]
}

const rotateMatch = (n: number) => (entry: Fields): Fields => ({
  ...entry,
  match: rotate([entry["match"] ?? []].flat(), n)
})

/** For another node: a profile that works, one that does not, and recommendations of both at the highest priority. */
const otherNode = (name: string) => ({
  name,
  profile: [{ name: "other", interface: "eth0", ptp4lOpts: "-S" }, { name: "broken", ptp4lOpts: "--uds_address /x" }],
  recommend: ["other", "broken", "missing"].map((profile) => ({
    profile,
    priority: 0,
    match: [{ nodeName: "worker-2" }]
  }))
})

/** Edits that mean nothing to worker-1; `n` makes each one a little different. */
const edits: ReadonlyArray<(state: State, n: number) => State> = [
  (state) => state,
  (state, n) => ({ ...state, metadata: { ...state.metadata, resourceVersion: `${n}` } }),
  (state, n) => ({ ...state, labels: { ...state.labels, [`unread-${n}`]: "x" } }),
  (state, n) => ({ ...state, interfaces: rotate(["eth0", "eth1", "eth2", "eth7"], n) }),
  (state, n) => ({ ...state, objects: rotate(state.objects, n) }),
  (state, n) => ({
    ...state,
    objects: state.objects.map(({ name, profile, recommend }) => ({ name, profile: rotate(profile, n), recommend }))
  }),
  (state, n) => ({
    ...state,
    objects: state.objects.map(({ name, profile, recommend }) => ({
      name,
      profile,
      recommend: rotate(recommend, n).map(rotateMatch(n))
    }))
  }),
  (state, n) => ({
    ...state,
    objects: [...state.objects.filter(({ name }) => name !== `other-${n % 5}`), otherNode(`other-${n % 5}`)]
  }),
  (state, n) => ({ ...state, objects: state.objects.filter(({ name }) => name !== `other-${n % 5}`) }),
  (state, n) =>
    mapProfiles(
      state,
      editText("ptp4lOpts", (text) => `${" ".repeat(n % 3)}${text.trim().replace(/\s+/g, " ".repeat(1 + n % 4))}\t`)
    ),
  (state) =>
    mapProfiles(state, editText("ptp4lOpts", (text) => text.replace("summary_interval=", "summary_interval "))),
  (state) => mapProfiles(state, editText("ptp4lOpts", (text) => text.replace("-2 -s", "-2s"))),
  (state, n) =>
    mapProfiles(
      state,
      editText("ptp4lConf", (text) => `# edit ${n}\n\n${text.replace(/#.*\n+/g, "").replaceAll("\n", "  \n")}`)
    ),
  (state, n) => mapProfiles(state, (profile) => ({ ...profile, ptpClockThreshold: { maxOffsetThreshold: 1 + n } })),
  (state, n) =>
    mapProfiles(state, (profile) => ({ ...profile, ptpSettings: { logReduce: `enhanced ${n}` }, unknown: n }))
]

const objectsOf = (state: State): ReadonlyArray<KubernetesObject> =>
  state.objects.map(({ name, profile, recommend }) => ({
    metadata: { ...state.metadata, name, uid: `uid-${name}` },
    spec: { profile, recommend }
  }))

const decideOn = (state: State, memory = emptyVersionMemory) =>
  decide({
    objects: objectsOf(state),
    node: { name: "worker-1", labels: state.labels },
    interfaces: state.interfaces?.map((name) => ({ name })),
    linuxptpVersion: { major: 4, minor: 4, patch: 0 },
    runDir: "/run/d",
    memory
  })

describe("decide, over edits that change nothing for the node", () => {
  const before = decideOn(start).decision.processes

  it("starts from four processes", () => {
    assert.deepStrictEqual(before.map(({ program }) => program), ["phc2sys", "ptp4l", "ptp4l", "ts2phc"])
  })

  it.each(edits.map((edit, index) => [index, edit] as const))("leaves every process equal after edit %i", (_, edit) => {
    assert.deepStrictEqual(decideOn(edit(start, 7)).decision.processes, before)
  })

  it("leaves every process equal after each of 1,000 edits on top of each other (L-05 restart without change)", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: edits.length - 1 }), fc.integer({ min: 0, max: 40 }))
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 50 }), (steps) => {
        let state = start
        let memory = emptyVersionMemory
        for (const [index, n] of steps) {
          state = edits[index]?.(state, n) ?? state
          const decided = decideOn(state, memory)
          assert.isTrue(Equal.equals(decided.decision.processes, before), `edit ${index} with ${n}`)
          memory = decided.memory
        }
      }),
      { numRuns: 20 }
    )
  })

  it("gives the same decision for any order of objects, profiles and entries, problems apart from their places (L-05 restart without change)", () => {
    fc.assert(fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (objects, profiles, entries) => {
      const whole: State = { ...start, objects: [...start.objects, otherNode("other")] }
      const rotated: State = {
        ...whole,
        objects: rotate(whole.objects, objects).map(({ name, profile, recommend }) => ({
          name,
          profile: rotate(profile, profiles),
          recommend: rotate(recommend, entries).map(rotateMatch(entries))
        }))
      }
      const { processes, profiles: chosen, skipped } = decideOn(rotated).decision
      const expected = decideOn(whole).decision
      assert.deepStrictEqual(processes, expected.processes)
      assert.deepStrictEqual(skipped, expected.skipped)
      assert.deepStrictEqual(chosen.map(({ name }) => name), expected.profiles.map(({ name }) => name))
    }))
  })
})

describe("decide, with objects that the watch left as they are", () => {
  const input = {
    objects: objectsOf(start),
    node: { name: "worker-1", labels: start.labels },
    interfaces: undefined,
    linuxptpVersion: { major: 4, minor: 4, patch: 0 },
    runDir: "/run/d",
    memory: emptyVersionMemory
  }
  const first = decide(input)
  const { processes } = first.decision
  /** The next decision knows what the first one did. */
  const decideNext = (change: Partial<DecideInput>) => decide({ ...input, known: first.known, ...change })
  const reusedIn = (next: typeof processes) => processes.map((process) => next.includes(process))
  const [dual, pulse] = input.objects

  it("plans none of their profiles again, whatever else changes", () => {
    const labels = { ...start.labels, rack: "7" }
    const next = decideNext({ node: { name: "worker-1", labels }, interfaces: [{ name: "eth9" }] }).decision.processes
    // A phc2sys for all is bound anew to the ptp4l of the winners; the others are the values that they were.
    assert.deepStrictEqual(reusedIn(next), [false, true, true, true])
    assert.deepStrictEqual(next, processes)
  })

  it("plans those of an edited object again, and no others", () => {
    assert.isDefined(dual)
    assert.isDefined(pulse)
    const edited = { ...pulse, spec: structuredClone(pulse["spec"] ?? null) }
    const next = decideNext({ objects: [dual, edited] }).decision.processes
    assert.deepStrictEqual(reusedIn(next), [false, true, true, false])
    assert.deepStrictEqual(next, processes)
  })

  it("knows no more than what is there", () => {
    assert.isDefined(dual)
    const { known } = decide({ ...input, objects: [dual], known: first.known })
    assert.deepStrictEqual([...known.objects.keys()], [dual])
    assert.deepStrictEqual([...known.plans.keys()].map(({ name }) => name), ["nic1", "nic2", "ha"])
  })

  it.each([
    ["another linuxptp", { linuxptpVersion: { major: 3, minor: 1, patch: 1 } }],
    ["another directory", { runDir: "/run/e" }]
  ])("plans all of them again for %s", (_, change) => {
    const next = decideNext(change).decision.processes
    assert.isNotEmpty(next)
    assert.isFalse(reusedIn(next).includes(true))
    assert.deepStrictEqual(decideNext({}).decision.processes, processes)
  })
})
