import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { makePublishedSeries, ptpMetrics } from "../../src/programs/PtpMetrics.ts"
import type { Series } from "../../src/services/clocks/ClockSeries.ts"

const offset = (iface: string, value: number): Series => ({
  name: "offset_ns",
  labels: { from: "master", process: "ptp4l", node: "worker-1", iface },
  value
})
const starts = (value: number): Series => ({
  name: "process_restart_count",
  labels: { process: "ptp4l", node: "worker-1", config: "ptp4l-a-0.config" },
  value
})

/** Lines of the metrics endpoint that carry a value. */
const shown = Effect.map(
  PrometheusMetrics.format(),
  (text) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
)

const inOwnRegistry = Effect.provideService(Metric.MetricRegistry, new Map())

const offsetText = (iface: string, value: number) =>
  `openshift_ptp_offset_ns{from="master",process="ptp4l",node="worker-1",iface="${iface}"} ${value}`
const startsText = (value: number) =>
  `openshift_ptp_process_restart_count{process="ptp4l",node="worker-1",config="ptp4l-a-0.config"} ${value}`

describe("PtpMetrics", () => {
  it.effect("shows what was published last, and removes what is not wanted any more (L-23 stale series)", () =>
    Effect.gen(function*() {
      const { publish } = yield* makePublishedSeries
      publish([])
      assert.deepStrictEqual(yield* shown, [])
      publish([offset("ens1f0", 12), offset("ens2f0", -3)])
      publish([offset("ens2f0", -4)])
      assert.deepStrictEqual(yield* shown, [offsetText("ens2f0", -4)])
      publish([])
      assert.deepStrictEqual(yield* shown, [])
    }).pipe(inOwnRegistry))

  it.effect("counts on to the published value, and begins anew when it went back", () =>
    Effect.gen(function*() {
      const { publish } = yield* makePublishedSeries
      for (const [value, expected] of [[2, 2], [5, 5], [5, 5], [1, 1], [3, 3]] as const) {
        publish([starts(value)])
        assert.deepStrictEqual(yield* shown, [startsText(expected)])
      }
    }).pipe(inOwnRegistry))

  it.effect("makes values that change often when they are read, and then once", () =>
    Effect.gen(function*() {
      const { publish, publishWhenRead } = yield* makePublishedSeries
      publish([offset("ens1f0", 12), offset("ens2f0", 3), starts(1)])
      let made = 0
      for (let value = 13; value < 20; value++) {
        publishWhenRead(() => {
          made++
          return [offset("ens1f0", value), offset("ens2f0", -value), starts(1)]
        })
      }
      assert.strictEqual(made, 0)
      const now = [offsetText("ens1f0", 19), offsetText("ens2f0", -19), startsText(1)]
      assert.deepStrictEqual(yield* shown, now)
      assert.deepStrictEqual(yield* shown, now)
      assert.strictEqual(made, 1)
      publishWhenRead(() => [])
      publish([offset("ens1f0", 20)])
      assert.deepStrictEqual(yield* shown, [offsetText("ens1f0", 20)])
    }).pipe(inOwnRegistry))

  it.effect("removes everything with its scope", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const { publish } = yield* makePublishedSeries
        publish([offset("ens1f0", 12), starts(1)])
        assert.strictEqual((yield* shown).length, 2)
      }))
      assert.deepStrictEqual(yield* shown, [])
    }).pipe(inOwnRegistry))

  it("gives every metric its prefix and a help sentence", () => {
    for (const [name, { description, id }] of Object.entries(ptpMetrics)) {
      assert.strictEqual(id, `openshift_ptp_${name}`)
      assert.match(description ?? "", /\.$/)
    }
  })
})
