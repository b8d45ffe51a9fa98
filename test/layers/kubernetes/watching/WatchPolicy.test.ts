import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  firstPlan,
  nextPlan,
  type WatchOutcome,
  type WatchPlan
} from "../../../../src/layers/kubernetes/watching/WatchPolicy.ts"
import { KubernetesApiError, type KubernetesApiReason } from "../../../../src/services/kubernetes/KubernetesApi.ts"

const watching: WatchPlan = { ...firstPlan, step: { _tag: "Watch", resourceVersion: "40" } }

const streaming: WatchPlan = { ...firstPlan, step: { _tag: "StreamList", resourceVersion: "" } }

const failed = (
  reason: KubernetesApiReason,
  more: {
    readonly status?: number
    readonly retryAfterSeconds?: number
    readonly resourceVersion?: string
    readonly healthyMillis?: number
    readonly livedMillis?: number
    readonly isSilent?: boolean
    readonly isMute?: boolean
  } = {}
): WatchOutcome => ({
  _tag: "Failed",
  error: new KubernetesApiError({
    reason,
    verb: "watch",
    path: "/x",
    detail: "",
    ...(more.status === undefined ? {} : { status: more.status }),
    ...(more.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: more.retryAfterSeconds })
  }),
  resourceVersion: more.resourceVersion,
  healthyMillis: more.healthyMillis ?? 0,
  livedMillis: more.livedMillis ?? 0,
  isSilent: more.isSilent ?? more.isMute ?? false,
  isMute: more.isMute ?? false
})

const step = ({ step }: WatchPlan) => `${step._tag} ${step.resourceVersion}`.trim()

describe("nextPlan", () => {
  const table: ReadonlyArray<{
    readonly name: string
    readonly plan: WatchPlan
    readonly outcome: WatchOutcome
    readonly step: string
    /** With the whole back-off, random = 1. */
    readonly delayMillis: number
    readonly failures: number
  }> = [
    {
      name: "watches from the listed version at once",
      plan: firstPlan,
      outcome: { _tag: "Listed", resourceVersion: "40" },
      step: "Watch 40",
      delayMillis: 0,
      failures: 0
    },
    {
      name: "resumes at once after a clean end, from the last version",
      plan: watching,
      outcome: { _tag: "Ended", resourceVersion: "44", healthyMillis: 300_000, livedMillis: 300_000, isMute: false },
      step: "Watch 44",
      delayMillis: 0,
      failures: 0
    },
    {
      name: "backs off from a watch that ends as it opens",
      plan: watching,
      outcome: { _tag: "Ended", resourceVersion: "40", healthyMillis: 5, livedMillis: 5, isMute: true },
      step: "Watch 40",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "resumes at once when a watch ends early that said something",
      plan: watching,
      outcome: { _tag: "Ended", resourceVersion: "44", healthyMillis: 5, livedMillis: 5, isMute: false },
      step: "Watch 44",
      delayMillis: 0,
      failures: 1
    },
    {
      name: "backs off when that happens again",
      plan: { ...watching, failures: 1 },
      outcome: { _tag: "Ended", resourceVersion: "44", healthyMillis: 5, livedMillis: 5, isMute: false },
      step: "Watch 44",
      delayMillis: 1_600,
      failures: 2
    },
    {
      name: "resumes from the last version after a reset",
      plan: watching,
      outcome: failed("Unreachable", { resourceVersion: "44", healthyMillis: 60_000 }),
      step: "Watch 44",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "doubles the back-off",
      plan: { ...watching, failures: 1 },
      outcome: failed("Unreachable", { status: 503, resourceVersion: "40" }),
      step: "Watch 40",
      delayMillis: 1_600,
      failures: 2
    },
    {
      name: "waits 30 s at most",
      plan: { ...watching, failures: 5_000 },
      outcome: failed("Denied", { status: 403, resourceVersion: "40" }),
      step: "StreamList 40",
      delayMillis: 30_000,
      failures: 5_001
    },
    {
      name: "starts over after 2 min of good health",
      plan: { ...watching, failures: 7, healthyMillis: 60_000 },
      outcome: failed("Unreachable", { resourceVersion: "40", healthyMillis: 60_000 }),
      step: "Watch 40",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "waits for Retry-After and its own back-off",
      plan: watching,
      outcome: failed("TooManyRequests", { status: 429, retryAfterSeconds: 7, resourceVersion: "40" }),
      step: "Watch 40",
      delayMillis: 7_800,
      failures: 1
    },
    {
      name: "believes a Retry-After of 60 s at most",
      plan: watching,
      outcome: failed("TooManyRequests", { status: 429, retryAfterSeconds: 86_400, resourceVersion: "40" }),
      step: "Watch 40",
      delayMillis: 60_800,
      failures: 1
    },
    {
      name: "lists the newest after 410, as a stream, with back-off",
      plan: watching,
      outcome: failed("Gone", { status: 410, resourceVersion: "44" }),
      step: "StreamList",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "lists the newest when the version lies in the server's future",
      plan: watching,
      outcome: failed("Unreachable", { status: 504, resourceVersion: "44" }),
      step: "StreamList",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "lists again when the kind is gone",
      plan: watching,
      outcome: failed("NotFound", { status: 404, resourceVersion: "44" }),
      step: "List 0",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "lists again after a LIST that failed",
      plan: { ...firstPlan, failures: 1 },
      outcome: failed("NotFound", { status: 404 }),
      step: "List 0",
      delayMillis: 1_600,
      failures: 2
    },
    {
      name: "lists the newest after a LIST that was answered with 410",
      plan: firstPlan,
      outcome: failed("Gone", { status: 410 }),
      step: "StreamList",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "keeps asking for the newest until it has it",
      plan: { ...firstPlan, step: { _tag: "List", resourceVersion: "" } },
      outcome: failed("Unreachable"),
      step: "List",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "lists in pages after a streaming list that the server failed at",
      plan: streaming,
      outcome: failed("Unreachable", { status: 500 }),
      step: "List",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "lists in pages after a streaming list that stood still",
      plan: streaming,
      outcome: failed("Unreachable", { isSilent: true, livedMillis: 90_000 }),
      step: "List",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "resumes a streaming list that was complete",
      plan: streaming,
      outcome: failed("Unreachable", { resourceVersion: "44", healthyMillis: 60_000 }),
      step: "Watch 44",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "asks for the same streaming list again when the server is away",
      plan: { ...streaming, step: { _tag: "StreamList", resourceVersion: "44" } },
      outcome: failed("Unreachable", { status: 503 }),
      step: "StreamList 44",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "resumes with the set after an outage",
      plan: { ...watching, failures: 2 },
      outcome: failed("Unreachable", { resourceVersion: "44" }),
      step: "StreamList 44",
      delayMillis: 3_200,
      failures: 3
    },
    {
      name: "resumes without it where streaming lists are not offered",
      plan: { ...watching, failures: 2, offersStreamLists: false },
      outcome: failed("Unreachable", { resourceVersion: "44" }),
      step: "Watch 44",
      delayMillis: 3_200,
      failures: 3
    },
    {
      name: "resumes with the set after a silence",
      plan: watching,
      outcome: failed("Unreachable", { resourceVersion: "44", isSilent: true, healthyMillis: 60_000 }),
      step: "StreamList 44",
      delayMillis: 800,
      failures: 1
    },
    {
      name: "lists the newest after a silence that began with the watch",
      plan: watching,
      outcome: failed("Unreachable", { resourceVersion: "44", isMute: true, livedMillis: 90_000 }),
      step: "StreamList",
      delayMillis: 800,
      failures: 1
    }
  ]
  it.each(table)("$name", ({ plan, outcome, ...expected }) => {
    const next = nextPlan(plan, outcome, 1)
    assert.deepStrictEqual({ step: step(next), delayMillis: next.delayMillis, failures: next.failures }, {
      step: expected.step,
      delayMillis: expected.delayMillis,
      failures: expected.failures
    })
  })

  it.each<readonly [KubernetesApiReason, string]>([["Invalid", "List"], ["Malformed", "StreamList"], [
    "Gone",
    "StreamList"
  ]])(
    "lists after a streaming list that was answered with %s, and relists by %s from then on",
    (reason, form) => {
      const listed = nextPlan(streaming, failed(reason), 1)
      assert.strictEqual(step(listed), "List")
      assert.strictEqual(step(nextPlan({ ...listed, step: watching.step }, failed("Gone", { status: 410 }), 1)), form)
    }
  )

  it("does not wait once more for the LIST after an outage, but for a LIST that is followed by 410 again", () => {
    const gone = failed("Gone", { status: 410, resourceVersion: "44" })
    const first = nextPlan({ ...watching, failures: 7 }, gone, 1)
    const second = nextPlan({ ...first, step: watching.step }, gone, 1)
    assert.deepStrictEqual([first.delayMillis, second.delayMillis], [800, 30_000])
  })

  it("takes a watch that lived for 30 s, whatever ended it, for no failure in a row", () => {
    const cut = failed("Unreachable", { resourceVersion: "40", livedMillis: 35_000 })
    const next = nextPlan({ ...watching, failures: 9 }, cut, 1)
    assert.deepStrictEqual([next.failures, next.delayMillis], [1, 800])
  })

  describe("a watch that says nothing before it is cut, twice in a row", () => {
    const cut = failed("Unreachable", { resourceVersion: "40", livedMillis: 35_000, isMute: true, isSilent: false })
    const once = nextPlan(watching, cut, 1)

    it("is followed by one that begins with the set: a sign of life", () => {
      assert.deepStrictEqual([step(once), step(nextPlan(once, cut, 1))], ["Watch 40", "StreamList 40"])
    })

    it("is followed by a LIST where streaming lists are not offered", () => {
      assert.strictEqual(step(nextPlan({ ...once, offersStreamLists: false }, cut, 1)), "List")
    })

    it("is not when they were cut within seconds", () => {
      const reset = failed("Unreachable", { resourceVersion: "40", livedMillis: 9_000, isMute: true, isSilent: false })
      assert.strictEqual(step(nextPlan(nextPlan(watching, reset, 1), reset, 1)), "Watch 40")
    })

    it("is not when one between them said something", () => {
      const heard = failed("Unreachable", { resourceVersion: "41", livedMillis: 35_000, healthyMillis: 1 })
      assert.strictEqual(step(nextPlan(nextPlan(once, heard, 1), cut, 1)), "Watch 40")
    })
  })

  it.each<readonly [KubernetesApiReason, number]>([["Malformed", 200], ["Unreachable", 500]])(
    "does not ask for ever for what it can't have without streaming lists: %s, %i",
    (reason, status) => {
      const again = failed(reason, { status, resourceVersion: "40" })
      let plan: WatchPlan = { ...watching, offersStreamLists: false }
      const steps = [1, 2, 3].map(() => {
        plan = nextPlan(plan, again, 1)
        return step(plan)
      })
      assert.deepStrictEqual(steps, ["Watch 40", "Watch 40", "List"])
    }
  )

  it.each<KubernetesApiReason>(["Unreachable", "Denied", "TooManyRequests"])(
    "asks for the same streaming list again where one failed with %s",
    (reason) => assert.strictEqual(step(nextPlan(streaming, failed(reason), 1)), "StreamList")
  )

  it("spreads the whole back-off, down to nothing", () => {
    assert.strictEqual(nextPlan(watching, failed("Unreachable", { resourceVersion: "40" }), 0).delayMillis, 0)
    assert.strictEqual(nextPlan(watching, failed("Unreachable", { resourceVersion: "40" }), 0.5).delayMillis, 400)
  })

  it("forgets failures once the clean watches in a row make 2 min", () => {
    const ended: WatchOutcome = {
      _tag: "Ended",
      resourceVersion: "41",
      healthyMillis: 60_000,
      livedMillis: 60_000,
      isMute: false
    }
    const once = nextPlan({ ...watching, failures: 3 }, ended, 1)
    assert.strictEqual(once.failures, 3)
    assert.strictEqual(nextPlan(once, ended, 1).failures, 0)
  })

  const anyOutcome: fc.Arbitrary<WatchOutcome> = fc.oneof(
    fc.record({ _tag: fc.constant("Listed" as const), resourceVersion: fc.string() }),
    fc.record({
      _tag: fc.constant("Ended" as const),
      resourceVersion: fc.string(),
      healthyMillis: fc.nat(1_000_000),
      livedMillis: fc.nat(1_000_000),
      isMute: fc.boolean()
    }),
    fc.tuple(
      fc.constantFrom<KubernetesApiReason>("NotFound", "Gone", "Denied", "TooManyRequests", "Unreachable", "Malformed"),
      fc.integer({ min: 100, max: 599 }),
      fc.nat(1_000_000),
      fc.string()
    ).map(([reason, status, seconds, resourceVersion]) =>
      failed(reason, { status, retryAfterSeconds: seconds, resourceVersion })
    )
  )

  it("never waits longer than 90 s, and never stops, whatever happens in whatever order", () => {
    fc.assert(fc.property(fc.array(fc.tuple(anyOutcome, fc.double({ min: 0, max: 1, noNaN: true }))), (history) => {
      let plan = firstPlan
      for (const [outcome, random] of history) {
        plan = nextPlan(plan, outcome, random)
        assert.isAtLeast(plan.delayMillis, 0)
        assert.isAtMost(plan.delayMillis, 90_000)
        assert.include(["List", "StreamList", "Watch"], plan.step._tag)
      }
    }))
  })
})
