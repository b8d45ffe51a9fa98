import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, Effect, FileSystem, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as ServiceAccountCredentials from "../../../../src/layers/kubernetes/credentials/ServiceAccountCredentials.ts"
import { KubernetesCredentials } from "../../../../src/services/kubernetes/KubernetesCredentials.ts"

/** The projected volume, and what the layer makes of it. */
const mounted = Effect.fnUntraced(function*(environment: Record<string, string>) {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped()
  const write = (file: string, text: string) => fileSystem.writeFileString(`${directory}/${file}`, text)
  const context = yield* Layer.build(ServiceAccountCredentials.layer({ directory })).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: environment }))
  )
  const credentials = Context.get(context, KubernetesCredentials)
  const authorization = (renew: boolean) =>
    Effect.map(credentials.headers({ renew }), (headers) => headers["authorization"])
  return { credentials, write, authorization }
})
const inCluster = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "6443" }

describe("ServiceAccountCredentials", () => {
  it.effect("finds the server in the environment, also with IPv6 and without a port", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* mounted(inCluster)).credentials.server, "https://10.96.0.1:6443")
      const ipv6 = yield* mounted({ KUBERNETES_SERVICE_HOST: "fd00::1" })
      assert.strictEqual(ipv6.credentials.server, "https://[fd00::1]:443")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("names the variable that is missing outside of a cluster", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(mounted({}))
      assert.include(String(error.message), "KUBERNETES_SERVICE_HOST")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("trims the token", () =>
    Effect.gen(function*() {
      const { authorization, write } = yield* mounted(inCluster)
      yield* write("token", " one\n")
      assert.strictEqual(yield* authorization(false), "Bearer one")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("reads a rotated token after 60 s, not before", () =>
    Effect.gen(function*() {
      const { authorization, write } = yield* mounted(inCluster)
      yield* write("token", "one")
      yield* authorization(false)
      yield* write("token", "two")
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* authorization(false), "Bearer one")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* authorization(false), "Bearer two")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("reads a rotated token at once when the last one was refused", () =>
    Effect.gen(function*() {
      const { authorization, write } = yield* mounted(inCluster)
      yield* write("token", "one")
      yield* authorization(false)
      yield* write("token", "two")
      assert.strictEqual(yield* authorization(true), "Bearer two")
      assert.strictEqual(yield* authorization(false), "Bearer two")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("fails while a file is missing, and succeeds once it is there (L-48 not authorised yet)", () =>
    Effect.gen(function*() {
      const { authorization, credentials, write } = yield* mounted(inCluster)
      assert.match((yield* Effect.flip(authorization(false))).source, /\/token$/)
      assert.match((yield* Effect.flip(credentials.tls)).source, /\/ca\.crt$/)
      yield* write("token", "one")
      const pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
      yield* write("ca.crt", `${pem}\n`)
      assert.strictEqual(yield* authorization(false), "Bearer one")
      assert.deepStrictEqual(yield* credentials.tls, { ca: pem })
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
