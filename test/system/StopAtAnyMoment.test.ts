/**
 * SIGTERM at any moment: in the middle of an apply, of a start, of a stop. Every time the daemon ends with 0, soon, and
 * leaves no process and no file. ptp4l is a stand-in, so that 200 moments take minutes and touch no clock.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref, Schedule } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { mkdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import { createManifests, readManifestFile } from "../../src/programs/cli/demo/CreateManifests.ts"
import { childrenOf, eventually, filesLeft, type Lab, labLayer, labMissing, makeLab, startDaemon } from "./Lab.ts"

const moments = 200
const concurrency = 2
/** A quarter of the moments fall into the start of the program, counted from its fork. */
const isEarly = (moment: number) => moment % 4 === 0

/** mulberry32: the moments of a run can be had again by its seed. */
const randomBy = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

/** Polite, or slow to obey; it has a child of its own, which has to go too. */
const standIn = `#!/bin/sh
if [ "$1" = -v ]; then echo 4.4; exit; fi
case "$*" in *domainNumber=[0-9]*[05]*) trap 'sleep 0.2; exit 0' TERM ;; esac
echo "ptp4l[1.000]: port 1 (nic0): INITIALIZING to LISTENING on INIT_COMPLETE"
sleep 1000 &
wait
`

const spec = (domain: number) => ({
  profile: ["one", "two"].map((name, index) => ({
    name,
    interface: `nic${index}`,
    ptp4lOpts: `-2 --domainNumber ${(domain + index) % 128}`
  })),
  recommend: ["one", "two"].map((profile) => ({ profile, priority: 4, match: [{ nodeName: "worker-1" }] }))
})

/** Edits without a pause, so that some apply is always under way. */
const edit = ({ server }: Lab) =>
  Effect.gen(function*() {
    const change = yield* Ref.make(0)
    const once = Effect.gen(function*() {
      const domain = yield* Ref.updateAndGet(change, (last) => last + 1)
      yield* HttpClientRequest.patch(`${server}/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs/stop`).pipe(
        HttpClientRequest.setBody(
          HttpBody.text(JSON.stringify({ spec: spec(domain) }), "application/merge-patch+json")
        ),
        HttpClient.execute
      )
    })
    yield* Effect.repeat(once, Schedule.spaced("30 millis"))
  })

describe.skipIf(labMissing !== undefined)(
  `SIGTERM at any moment${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live(`ends with 0 and leaves nothing behind, at ${moments} random moments`, () =>
      Effect.gen(function*() {
        const seed = Number(process.env["SEED_START"] ?? Math.floor(Math.random() * 2 ** 31))
        console.log(`SEED_START=${seed}`)
        const random = randomBy(seed)
        const lab = yield* makeLab
        for (const file of ["deploy/00-ns.yaml", "deploy/01-crd.yaml"]) {
          yield* createManifests(lab.server, yield* readManifestFile(file))
        }
        yield* createManifests(lab.server, [{
          apiVersion: "ptp.openshift.io/v1",
          kind: "NodePTPCfg",
          metadata: { name: "stop", namespace: "ptp" },
          spec: spec(0)
        }])
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
