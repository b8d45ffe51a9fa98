/**
 * The API server on which a suite of the contract runs: the embedded one in `npm test`, a real kube-apiserver in
 * `npm run test:cluster`. KubernetesContract takes a layer of either.
 */
import type { Vitest } from "@effect/vitest"
import { Context, type Effect } from "effect"

export class ApiServerUnderTest extends Context.Service<ApiServerUnderTest, {
  /** Base URL without a slash at the end: `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`. */
  readonly url: string
  /** PEM of the CA that signed its certificate; undefined for plain HTTP. */
  readonly ca: string | undefined
  /** Bearer token of somebody who may do everything; undefined where nobody is asked. */
  readonly adminToken: string | undefined
  /** Makes the server forget its history: a watch from an old resourceVersion gets 410. Undefined where a suite can't. */
  readonly compact: Effect.Effect<void> | undefined
}>()("linuxptp-daemon/test/contract/ApiServerUnderTest") {}

/** What a suite registers its tests with: `it`, with the server under test in each test's context. */
export type ContractTests = Vitest.MethodsNonLive<ApiServerUnderTest>
