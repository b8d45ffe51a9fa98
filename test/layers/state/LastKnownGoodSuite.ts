/** What every LastKnownGood does, run on each layer of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Fiber, type Layer, Option } from "effect"
import * as fc from "fast-check"
import type { PtpProfile } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { type KnownGood, LastKnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import { emptyVersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

/** One that differs from the others by its number. */
export const numbered = (number: number): KnownGood => {
  const profile = { name: "p", interface: `eth${number}`, ptp4lOpts: "-2 -s" }
  const recommend = [{ profile: "p", priority: 4, match: [{ nodeName: "worker-1" }] }]
  return {
    node: { name: "worker-1", labels: { "ptp/dual": "" } },
    memory: {
      ...emptyVersionMemory,
      objects: [{ name: "a", uid: "uid-a", generation: number, profiles: [profile], recommend }],
      worked: [{ uid: "uid-a", profile, generation: number }]
    }
  }
}

/** UTF-16 of all kinds, also what is no character alone. */
const text = fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff)), { maxLength: 20 }).map((units) =>
  String.fromCharCode(...units)
)
/** The schema allows no control characters here. */
const profileName = fc.string({ unit: fc.constantFrom(..."aB0-._ é€𝄞\"\\"), minLength: 1, maxLength: 253 })
const integer = fc.maxSafeInteger()

const profiles: fc.Arbitrary<PtpProfile> = fc.record({
  name: profileName,
  interface: text,
  ptp4lOpts: text,
  phc2sysOpts: text,
  timemasterOpts: text,
  ts2phcOpts: text,
  ptp4lConf: text,
  phc2sysConf: text,
  timemasterConf: text,
  ts2phcConf: text,
  ptpSchedulingPolicy: fc.constantFrom("SCHED_OTHER", "SCHED_FIFO"),
  ptpSchedulingPriority: fc.integer({ min: 1, max: 65 }),
  ptpClockThreshold: fc.record({
    holdOverTimeout: fc.nat(),
    maxOffsetThreshold: integer,
    minOffsetThreshold: integer
  }, { requiredKeys: [] }),
  ptpSettings: fc.dictionary(text, text)
}, { requiredKeys: ["name"] })

const versions = fc.record({ uid: text, profile: profiles, generation: integer }, {
  requiredKeys: ["uid", "profile"]
})
const rejections = fc.record({
  uid: text,
  profile: profiles,
  generation: integer,
  by: fc.constantFrom("Refused", "FailedToStart"),
  message: text,
  nics: fc.array(fc.record({ name: text, hasPhc: fc.boolean() }))
}, { requiredKeys: ["uid", "profile", "by", "message"] })

const objects = fc.record({
  name: text,
  uid: text,
  generation: integer,
  profiles: fc.array(profiles),
  recommend: fc.array(fc.record({
    profile: profileName,
    priority: fc.nat(),
    match: fc.array(fc.record({ nodeLabel: text, nodeName: text }, { requiredKeys: [] }))
  }, { requiredKeys: ["profile"] }))
}, { requiredKeys: ["name", "uid", "profiles", "recommend"] })

const knownGoods: fc.Arbitrary<KnownGood> = fc.record({
  node: fc.record({ name: text, labels: fc.dictionary(text, text) }),
  memory: fc.record({
    objects: fc.array(objects),
    profiles: fc.array(versions),
    worked: fc.array(versions),
    rejected: fc.array(rejections)
  })
})

/** Each use of `layer` begins with nothing saved. */
export const suite = (name: string, layer: Layer.Layer<LastKnownGood>): void => {
  describe(`LastKnownGood: ${name}`, () => {
    it.effect("has nothing before the first save", () =>
      Effect.gen(function*() {
        const { load } = yield* LastKnownGood
        assert.deepStrictEqual(yield* load, Option.none())
      }).pipe(Effect.provide(layer)))

    it.effect("gives what was saved last, as often as it is asked", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        for (const number of [1, 2, 2, 3, 1]) {
          yield* save(numbered(number))
          assert.deepStrictEqual(yield* load, Option.some(numbered(number)))
          assert.deepStrictEqual(yield* load, Option.some(numbered(number)))
        }
      }).pipe(Effect.provide(layer)))

    it.effect("gives back whatever is saved", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        const context = yield* Effect.context<never>()
        const isGivenBack = fc.asyncProperty(knownGoods, (knownGood) =>
          Effect.runPromiseWith(context)(Effect.gen(function*() {
            yield* save(knownGood)
            assert.isTrue(Equal.equals(yield* load, Option.some(knownGood)))
          })))
        yield* Effect.promise(() =>
          fc.assert(isGivenBack)
        )
      }).pipe(Effect.provide(layer)))

    it.effect("keeps the last of 20 that are saved at the same time", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        yield* Effect.forEach(Array.from({ length: 20 }, (_, number) => numbered(number)), save, {
          concurrency: "unbounded",
          discard: true
        })
        assert.deepStrictEqual(yield* load, Option.some(numbered(19)))
      }).pipe(Effect.provide(layer)))

    it.effect("keeps the old one or the new one when a save is interrupted, and saves again", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        yield* save(numbered(0))
        for (let number = 1; number <= 20; number++) {
          const saving = yield* Effect.forkChild(save(numbered(number)))
          for (let steps = number % 5; steps > 0; steps--) yield* Effect.yieldNow
          yield* Fiber.interrupt(saving)
          const kept = yield* load
          assert.isTrue([number - 1, number].some((one) => Equal.equals(kept, Option.some(numbered(one)))))
          yield* save(numbered(number))
        }
        assert.deepStrictEqual(yield* load, Option.some(numbered(20)))
      }).pipe(Effect.provide(layer)))
  })
}
