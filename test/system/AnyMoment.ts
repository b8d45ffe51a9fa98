/**
 * Shared by the tests that end the daemon at any moment: random moments by seed, a replacement for ptp4l, and edits.
 */
import { Effect, Ref, Schedule } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { createManifests, type Manifest, readDeployedKinds } from "../../src/programs/cli/demo/CreateManifests.ts"
import type { Lab } from "./Lab.ts"

/** mulberry32: the moments of a run can be had again by its seed, which is printed. */
export const randomBySeed = (): () => number => {
  let seed = Number(process.env["SEED_START"] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`SEED_START=${seed}`)
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A ptp4l that is polite, or slow to obey; it has a child of its own, which has to go too. */
export const standIn = `#!/bin/sh
if [ "$1" = -v ]; then echo 4.4; exit; fi
case "$*" in *domainNumber=[0-9]*[05]*) trap 'sleep 0.2; exit 0' TERM ;; esac
echo "ptp4l[1.000]: port 1 (nic0): INITIALIZING to LISTENING on INIT_COMPLETE"
sleep 1000 &
wait
`

/** Two profiles, one a NIC. With software time stamping and no servo, so that a real ptp4l does no harm. */
const spec = (domain: number) => ({
  profile: ["one", "two"].map((name, index) => ({
    name,
    interface: `nic${index}`,
    ptp4lOpts: `-S -2 --free_running 1 --domainNumber ${(domain + index) % 128}`
  })),
  recommend: ["one", "two"].map((profile) => ({ profile, priority: 4, match: [{ nodeName: "worker-1" }] }))
})

/** The two profiles, or others, in the lab's API server. */
export const createProfiles = Effect.fnUntraced(function*({ server }: Lab, profiles: Manifest["spec"] = spec(0)) {
  yield* createManifests(server, yield* readDeployedKinds)
  yield* createManifests(server, [{
    apiVersion: "ptp.openshift.io/v1",
    kind: "NodePTPCfg",
    metadata: { name: "stop", namespace: "ptp" },
    spec: profiles
  }])
})

/** Edits without a pause, so that some apply is always under way. */
export const edit = ({ server }: Lab) =>
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
