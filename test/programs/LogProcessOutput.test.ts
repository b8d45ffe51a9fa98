import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Option, Queue, References, Stream, SubscriptionRef } from "effect"
import * as LogProcessOutput from "../../src/programs/LogProcessOutput.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import { ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import type { ProcessLine } from "../../src/services/processes/ProcessSupervisor.ts"
import { saidBy, specOf } from "../services/clocks/ProcessLog.ts"

const ptp4l = specOf("ptp4l")
const offset = "master offset         12 s2 freq     -55 path delay      2143"

describe("LogProcessOutput", () => {
  it.effect("passes lines on with process and profile, and reduces them as their profile says", () =>
    Effect.gen(function*() {
      const { reconciliation } = yield* NodeState.NodeState
      const lines = yield* Queue.unbounded<ProcessLine>()
      const logged = yield* Queue.unbounded<string>()
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        const { process, profile } = fiber.getRef(References.CurrentLogAnnotations)
        Queue.offerUnsafe(logged, `${logLevel} ${String(process)} ${String(profile)} ${String(message)}`)
      })
      yield* LogProcessOutput.run.pipe(
        Effect.provideService(ProcessSupervisor, {
          apply: () => Effect.void,
          stop: Effect.void,
          retryNow: () => Effect.void,
          statuses: Stream.empty,
          output: Stream.fromQueue(lines)
        }),
        Effect.provide(Logger.layer([logger])),
        Effect.forkScoped
      )
      yield* Queue.offer(lines, saidBy(ptp4l, offset))
      assert.strictEqual(yield* Queue.take(logged), `Info ${ptp4l.id} profile1 ptp4l[10.000]: ${offset}`)
      const clockThreshold = { holdOverTimeoutSeconds: 5, maxOffsetNs: 100, minOffsetNs: -100 }
      const profile = {
        config: "config1",
        name: "profile1",
        generation: 1,
        priority: 0,
        matchedBy: "nodeName worker-1",
        interfaces: [],
        clockThreshold,
        settings: { logReduce: "basic" }
      }
      yield* SubscriptionRef.update(reconciliation, (now) => ({
        ...now,
        decision: Option.some({ profiles: [profile], skipped: [], processes: [], problems: [], rolledBack: [] })
      }))
      yield* Queue.offerAll(lines, [saidBy(ptp4l, offset), { ...saidBy(ptp4l, "uds: bind failed"), stream: "stderr" }])
      assert.strictEqual(yield* Queue.take(logged), `Warn ${ptp4l.id} profile1 ptp4l[10.000]: uds: bind failed`)
    }).pipe(Effect.provide(NodeState.layer)))
})
