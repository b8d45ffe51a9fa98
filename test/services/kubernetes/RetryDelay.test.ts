import { assert, describe, it } from "@effect/vitest"
import { KubernetesApiError } from "../../../src/services/kubernetes/KubernetesApi.ts"
import { retryDelayMillis } from "../../../src/services/kubernetes/RetryDelay.ts"

const failure = (retryAfterSeconds?: number) =>
  new KubernetesApiError({
    reason: "Unreachable",
    verb: "patch",
    path: "/x",
    detail: "",
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
  })

describe("retryDelayMillis", () => {
  it.each([
    { name: "doubles from 0.5 s", failures: 1, delayMillis: 500 },
    { name: "doubles from 0.5 s", failures: 3, delayMillis: 2_000 },
    { name: "waits 30 s at most", failures: 7, delayMillis: 30_000 },
    { name: "waits 30 s at most after a year of failures", failures: 1_000_000, delayMillis: 30_000 },
    { name: "may be at once, so that nodes do not come together", failures: 7, random: 0, delayMillis: 0 },
    { name: "begins after the time that the server asked for", failures: 1, retryAfter: 7, delayMillis: 7_500 },
    { name: "asks a server again after a minute all the same", failures: 1, retryAfter: 3_600, delayMillis: 60_500 }
  ])("$name ($failures failures)", ({ delayMillis, failures, random = 1, retryAfter }) => {
    assert.strictEqual(retryDelayMillis(failures, failure(retryAfter), random), delayMillis)
  })
})
