/** Mistakes in the Kubernetes client: list and watch, failures, credentials. */
import type { Mutant } from "./Mutant.ts"

const policy = ["layers/kubernetes/watching/WatchPolicy.test.ts"]
const watching = [
  "layers/kubernetes/watching/ListWatch.test.ts",
  "layers/kubernetes/watching/ListWatchFailures.test.ts"
]
const file = "src/layers/kubernetes/watching/WatchPolicy.ts"

export const kubernetesMutants: ReadonlyArray<Mutant> = [
  {
    name: "a 410 is ignored: the same watch is opened again",
    file,
    search: `if (error.reason === "Gone" || error.reason === "Invalid" || error.status === 504) return relist(plan)`,
    replace: `if (error.reason === "Invalid" || error.status === 504) return relist(plan)`,
    tests: policy
  },
  {
    name: "a relist after 410 may come from an old cache",
    file,
    search: `offersStreamLists ? { _tag: "StreamList", resourceVersion: "" } : { _tag: "List", resourceVersion: "" }`,
    replace:
      `offersStreamLists ? { _tag: "StreamList", resourceVersion: "0" } : { _tag: "List", resourceVersion: "0" }`,
    tests: policy
  },
  {
    name: "Retry-After is ignored",
    file,
    search: "const delayMillis = atLeastMillis + random * bound",
    replace: "const delayMillis = random * bound",
    tests: policy
  },
  {
    name: "the back-off has no jitter",
    file,
    search: "const delayMillis = atLeastMillis + random * bound",
    replace: "const delayMillis = atLeastMillis + bound",
    tests: policy
  },
  {
    name: "the back-off has no cap",
    file,
    search: "Math.min(firstBackOffMillis * 2 ** Math.min(doublings, 10), longestBackOffMillis)",
    replace: "firstBackOffMillis * 2 ** Math.min(doublings, 10)",
    tests: policy
  },
  {
    name: "good health never resets the back-off",
    file,
    search:
      "plan.healthyMillis + healthyMillis >= goodHealthMillis || livedMillis >= longestBackOffMillis ? 0 : plan.failures",
    replace: "plan.failures",
    tests: policy
  },
  {
    name: "a server that refuses streaming lists is asked for them again and again",
    file,
    search: "offersStreamLists: plan.offersStreamLists && !isRefused",
    replace: "offersStreamLists: plan.offersStreamLists",
    tests: policy
  },
  {
    name: "a mute watch is followed by another",
    file,
    search: "if (isSilent && wasMute(failure)) return relist(plan)",
    replace: "",
    tests: policy
  },
  {
    name: "an outage begins a failure too late",
    file,
    search: "const outageFailures = 2",
    replace: "const outageFailures = 3",
    tests: policy
  },
  {
    name: "a watch that ends at once is opened again at once, for ever",
    file,
    search: "isExcused ? 0 : random",
    replace: "0",
    tests: policy
  },
  {
    name: "only the first page of a list is read",
    file: "src/layers/kubernetes/requests/ListPages.ts",
    search: `if (next === "") return`,
    replace: `if (next === "" || pages === 0) return`,
    tests: ["layers/kubernetes/requests/ListPages.test.ts"]
  },
  {
    name: "a list of pages without an end is followed for ever",
    file: "src/layers/kubernetes/requests/ListPages.ts",
    search: "pages < mostPages",
    replace: "pages >= 0",
    tests: ["layers/kubernetes/requests/ListPages.test.ts"]
  },
  {
    name: "a silent watch is believed for ever",
    file: "src/layers/kubernetes/watching/WatchSession.ts",
    search: "const longestSilence = Duration.seconds(90)",
    replace: "const longestSilence = Duration.seconds(900_000)",
    tests: watching
  },
  {
    name: "the token of a service account is read once",
    file: "src/layers/kubernetes/credentials/ServiceAccountCredentials.ts",
    search: "token(renew ? 0n : tokenAgeNanos)",
    replace: "token(1n << 60n)",
    tests: [
      "layers/kubernetes/credentials/ServiceAccountCredentials.test.ts",
      "layers/kubernetes/credentials/ServiceAccountRotation.test.ts"
    ]
  },
  {
    name: "a refused token is not read again",
    file: "src/layers/kubernetes/credentials/ServiceAccountCredentials.ts",
    search: "token(renew ? 0n : tokenAgeNanos)",
    replace: "token(tokenAgeNanos)",
    tests: [
      "layers/kubernetes/credentials/ServiceAccountCredentials.test.ts",
      "layers/kubernetes/credentials/ServiceAccountRotation.test.ts"
    ]
  }
]
