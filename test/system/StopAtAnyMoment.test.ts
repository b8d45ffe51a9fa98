/**
 * SIGTERM at any moment: in the middle of an apply, of a start, of a stop. Each time the daemon soon ends with 0 and
 * leaves no process and no file. ptp4l is replaced, so that 200 moments take minutes and touch no clock.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import { createProfiles, edit, randomBySeed, standIn } from "./AnyMoment.ts"
import { childrenOf, eventually, filesLeft, labLayer, labMissing, makeLab, startDaemon } from "./Lab.ts"

const moments = 200
const concurrency = 2
/** A quarter of the moments fall into the start of the program, counted from its fork. */
const isEarly = (moment: number) => moment % 4 === 0

describe.skipIf(labMissing !== undefined)(
  `SIGTERM at any moment${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live(`ends with 0 and leaves nothing behind, at ${moments} random moments`, () =>
      Effect.gen(function*() {
        const random = randomBySeed()
        const lab = yield* makeLab
        yield* createProfiles(lab)
        const programs = path.join(lab.directory, "bin")
        mkdirSync(programs)
        writeFileSync(path.join(programs, "ptp4l"), standIn, { mode: 0o755 })
        yield* Effect.forkScoped(edit(lab))
        let beforeTheProgram = 0

        const stopOnce = Effect.fnUntraced(function*(moment: number, share: number) {
          const runDirectory = path.join(lab.directory, `run${moment}`)
          const daemon = yield* startDaemon(lab, {
            LINUXPTP_RUN_DIR: runDirectory,
            PATH: `${programs}:${process.env["PATH"] ?? ""}`
          })
          if (!isEarly(moment)) {
            const started = Effect.sync(() => daemon.output().includes("daemon started") || undefined)
            yield* eventually("started", started).pipe(
              Effect.tapDefect(() => Effect.sync(() => console.error(`moment ${moment}: ${daemon.output()}`)))
            )
          }
          yield* Effect.sleep(`${Math.round(share * 1_500)} millis`)
          yield* daemon.kill("SIGTERM")
          const exit = yield* daemon.exit.pipe(
            Effect.timeoutOrElse({
              duration: "10 seconds",
              orElse: () => Effect.die(new Error(`moment ${moment} at ${share}: no exit in 10 s: ${daemon.output()}`))
            })
          )
          // Before the program's first line there is nobody to answer the signal, and nothing to leave behind.
          if (exit === "SIGTERM" && daemon.output() === "") beforeTheProgram += 1
          else assert.strictEqual(exit, 0, `moment ${moment}: ${daemon.output()}`)
          assert.deepStrictEqual(childrenOf(runDirectory), [], `moment ${moment}`)
          assert.deepStrictEqual(filesLeft(runDirectory), [], `moment ${moment}`)
        }, Effect.scoped)

        yield* Effect.forEach(
          Array.from({ length: moments }, (_, moment) => [moment, random()] as const),
          ([moment, share]) => stopOnce(moment, share),
          { concurrency, discard: true }
        )
        console.log(`${beforeTheProgram} of ${moments} signals came before the program's first line`)
        assert.isBelow(beforeTheProgram, moments / 4)
      }).pipe(Effect.scoped, Effect.provide(labLayer)), 900_000)
  }
)
