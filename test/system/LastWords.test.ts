/**
 * What a daemon with a real ptp4l leaves behind: 2 s after SIGTERM nobody believes its status any more, and after
 * SIGKILL the command `status` says that it is stale.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import path from "node:path"
import { child, childrenOf, labLayer, labMissing } from "./Lab.ts"
import { clientProfile, makeNodeWith, makeWell } from "./LabNode.ts"

const live = Effect.provide(labLayer)
const pod = "linuxptp-daemon-x"

const makeWellNode = makeWell(makeNodeWith(() => ({ POD_NAME: pod })), clientProfile())

/** The command `status`, which finds the Node ready and no pods at all. */
const statusCommand = Effect.fnUntraced(function*(server: string) {
  const words = [path.resolve("src/programs/cli/main.ts"), "status", "worker-1", "--server", server]
  const command = yield* child(process.execPath, words)
  return { code: yield* command.exit, text: command.output() }
})

describe.skipIf(labMissing !== undefined)(
  `the last words of a daemon${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("are written within 2 s of SIGTERM, while ptp4l ends", () =>
      Effect.gen(function*() {
        const { daemon, lab, runDirectory, status, statusWhere } = yield* makeWellNode
        const writer = (yield* status)?.daemon ?? assert.fail("nobody wrote it")
        assert.strictEqual(writer.pod, pod)
        assert.match(writer.linuxptp ?? "", /^\d+\.\d/)
        assert.isUndefined(writer.stoppedAt)

        yield* daemon.kill("SIGTERM")
        const last = yield* statusWhere("last words", (now) => now.daemon?.stoppedAt !== undefined, "2 seconds")
        assert.deepStrictEqual({ ...last.daemon, stoppedAt: undefined }, { ...writer, stoppedAt: undefined })
        assert.deepStrictEqual([last.clock, last.processes, last.profiles], [undefined, [], []])
        for (const condition of last.conditions) {
          assert.deepStrictEqual([condition.status, condition.reason], ["Unknown", "DaemonStopped"])
        }
        assert.strictEqual(yield* daemon.exit, 0)
        assert.deepStrictEqual(childrenOf(runDirectory), [])
        const { code, text } = yield* statusCommand(lab.server)
        assert.strictEqual(code, 1, text)
        assert.match(text, /worker-1 +- +- +- +the daemon was stopped at \d{4}-/)
      }).pipe(Effect.scoped, live), 60_000)

    it.live("are missing after SIGKILL, and the status is told as stale", () =>
      Effect.gen(function*() {
        const { daemon, lab } = yield* makeWellNode
        yield* daemon.kill("SIGKILL")
        yield* daemon.exit
        const { code, text } = yield* statusCommand(lab.server)
        assert.strictEqual(code, 1, text)
        assert.match(text, /worker-1 +client +STALE +- +STALE: Pod linuxptp-daemon-x is gone; LOCKED was its last word/)
      }).pipe(Effect.scoped, live), 60_000)
  }
)
