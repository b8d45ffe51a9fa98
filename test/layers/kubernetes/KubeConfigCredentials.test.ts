import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer } from "effect"
import { vi } from "vitest"
import * as KubeConfigCredentials from "../../../src/layers/kubernetes/KubeConfigCredentials.ts"
import { KubernetesCredentials } from "../../../src/services/kubernetes/KubernetesCredentials.ts"

/** Writes a kubeconfig with one cluster and one user, and makes it the default. */
const kubeConfig = Effect.fnUntraced(function*(cluster: string, user: string) {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped()
  const path = `${directory}/config`
  const write = (cluster: string, user: string) =>
    fileSystem.writeFileString(
      path,
      `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: lab, user: me}}]
clusters: [{name: lab, cluster: ${cluster}}]
users: [{name: me, user: ${user}}]
`
    )
  yield* write(cluster, user)
  vi.stubEnv("KUBECONFIG", path)
  return write
})

const credentials = Effect.map(
  Layer.build(KubeConfigCredentials.layer),
  (context) => Context.get(context, KubernetesCredentials)
)

afterEach(() => {
  vi.unstubAllEnvs()
})

describe("KubeConfigCredentials", () => {
  it.effect("has server, token and CA of the current context", () =>
    Effect.gen(function*() {
      const ca = Buffer.from("CA PEM").toString("base64")
      yield* kubeConfig(
        `{server: "https://lab:6443/", certificate-authority-data: ${ca}, tls-server-name: api.lab}`,
        "{token: secret}"
      )
      const { headers, server, tls } = yield* credentials
      assert.strictEqual(server, "https://lab:6443")
      assert.deepStrictEqual(yield* headers({ renew: false }), { authorization: "Bearer secret" })
      assert.deepStrictEqual(yield* tls, { ca: "CA PEM", serverName: "api.lab", skipVerify: false })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("takes a server without TLS, as kubectl proxy is one", () =>
    Effect.gen(function*() {
      yield* kubeConfig(`{server: "http://127.0.0.1:8001"}`, "{}")
      const { headers, server, tls } = yield* credentials
      assert.strictEqual(server, "http://127.0.0.1:8001")
      assert.deepStrictEqual(yield* headers({ renew: false }), {})
      assert.deepStrictEqual(yield* tls, { skipVerify: false })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("has a client certificate, and trusts any server where the user asked for it", () =>
    Effect.gen(function*() {
      const [cert, key] = ["CERT PEM", "KEY PEM"].map((text) => Buffer.from(text).toString("base64"))
      yield* kubeConfig(
        `{server: "https://lab:6443", insecure-skip-tls-verify: true}`,
        `{client-certificate-data: ${cert}, client-key-data: ${key}}`
      )
      const { headers, tls } = yield* credentials
      assert.deepStrictEqual(yield* headers({ renew: false }), {})
      assert.deepStrictEqual(yield* tls, { cert: "CERT PEM", key: "KEY PEM", skipVerify: true })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("sends user name and password as Basic", () =>
    Effect.gen(function*() {
      yield* kubeConfig(`{server: "https://lab:6443"}`, "{username: me, password: pw}")
      const { headers } = yield* credentials
      assert.deepStrictEqual(yield* headers({ renew: false }), { authorization: "Basic bWU6cHc=" })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("runs the user's exec plugin for a token", () =>
    Effect.gen(function*() {
      const credential = JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: "from-plugin" }
      })
      yield* kubeConfig(
        `{server: "https://lab:6443"}`,
        `{exec: {apiVersion: client.authentication.k8s.io/v1, command: echo, args: ['${credential}']}}`
      )
      const { headers } = yield* credentials
      assert.deepStrictEqual(yield* headers({ renew: false }), { authorization: "Bearer from-plugin" })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("says that the user's exec plugin is missing", () =>
    Effect.gen(function*() {
      yield* kubeConfig(
        `{server: "https://lab:6443"}`,
        `{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin}}`
      )
      const { headers } = yield* credentials
      assert.include((yield* Effect.flip(headers({ renew: false }))).message, "no-such-plugin")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("loads the file again when the last credentials were refused", () =>
    Effect.gen(function*() {
      const write = yield* kubeConfig(`{server: "https://lab:6443"}`, "{token: one}")
      const { headers } = yield* credentials
      yield* write(`{server: "https://lab:6443"}`, "{token: two}")
      assert.deepStrictEqual(yield* headers({ renew: false }), { authorization: "Bearer one" })
      assert.deepStrictEqual(yield* headers({ renew: true }), { authorization: "Bearer two" })
      assert.deepStrictEqual(yield* headers({ renew: false }), { authorization: "Bearer two" })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is an error when the file cannot be read", () =>
    Effect.gen(function*() {
      vi.stubEnv("KUBECONFIG", "/nonexistent/kubeconfig")
      const error = yield* Effect.flip(credentials)
      assert.match(error.message, /^cannot read Kubernetes credentials from the kubeconfig/)
    }))
})
