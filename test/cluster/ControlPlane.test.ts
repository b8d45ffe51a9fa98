/**
 * Tests of the control plane that the cluster tests use: the servers start, forget their history, restart, and leave
 * nothing behind.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, Layer, Queue } from "effect"
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import path from "node:path"
import { createInterface } from "node:readline"
import { at, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, watch } from "../contract/ApiClient.ts"
import { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import { binaries, cluster } from "./Cluster.ts"
import * as ControlPlane from "./ControlPlane.ts"

/** Pids of the processes that name the directory in their arguments. */
const processesOf = (directory: string): ReadonlyArray<number> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(directory)
    } catch {
      return false
    }
  })

const untilGone = (directory: string) =>
  Effect.sync(() => processesOf(directory)).pipe(
    Effect.tap(() => Effect.sleep("20 millis")),
    Effect.repeat({ until: (pids) => pids.length === 0 })
  )

const namespaces = "/api/v1/namespaces"
const createNamespace = (name: string) =>
  call("POST", namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } })

cluster("a control plane", (it) => {
  it.effect("is an etcd and a kube-apiserver of a version that is named", () =>
    Effect.gen(function*() {
      const { directory } = yield* ControlPlane.ControlPlane
      assert.lengthOf(processesOf(directory), 2)
      const { body } = yield* call("GET", "/version")
      assert.match(textAt(body, "gitVersion"), /^v1\.\d+\.\d+/)
    }))

  it.effect("keeps what it has over a restart and over a crash", () =>
    Effect.gen(function*() {
      const { startApiServer, stopApiServer } = yield* ControlPlane.ControlPlane
      yield* createNamespace("kept")
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        yield* stopApiServer(signal)
        yield* startApiServer
        assert.strictEqual((yield* call("GET", `${namespaces}/kept`)).status, 200)
      }
    }))

  it.effect("answers a watch from before a compaction with 410", () =>
    Effect.gen(function*() {
      const { compact } = yield* ApiServerUnderTest
      const before = yield* createNamespace("before")
      yield* createNamespace("after")
      const from = `${namespaces}?watch=true&resourceVersion=${textAt(before.body, "metadata", "resourceVersion")}`
      const served = yield* watch(from)
      assert.strictEqual(textAt(yield* Queue.take(served.events), "object", "metadata", "name"), "after")
      assert.isDefined(compact)
      yield* compact ?? Effect.void
      const forgotten = yield* watch(from)
      assert.strictEqual(at(yield* Queue.take(forgotten.events), "object", "code"), 410)
    }))

  it.effect("writes down who asked what, and how it was answered", () =>
    Effect.gen(function*() {
      const { audited } = yield* ControlPlane.ControlPlane
      yield* call("GET", `${namespaces}/not-there`)
      const { code, user, verb } = (yield* audited).find(({ name }) => name === "not-there") ?? {}
      assert.deepStrictEqual({ code, user, verb }, { code: 404, user: "admin", verb: "get" })
    }))

  it.effect("leaves neither processes nor files when the test fails", () =>
    Effect.gen(function*() {
      let directory = ""
      const failed = yield* ControlPlane.ControlPlane.use((own) => {
        directory = own.directory
        assert.lengthOf(processesOf(directory), 2)
        return Effect.fail("as a test does")
      }).pipe(Effect.provide(Layer.fresh(ControlPlane.layer(binaries))), Effect.exit)
      assert.deepStrictEqual(failed, Exit.fail("as a test does"))
      assert.isFalse(existsSync(directory))
      assert.deepStrictEqual(processesOf(directory), [])
    }))

  it.effect("dies with a test run that is killed", () =>
    Effect.gen(function*() {
      const { etcd, kubeApiserver, kubectl } = binaries
      const owner = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [path.join(import.meta.dirname, "StandInOwner.ts"), etcd, kubeApiserver, kubectl], {
            stdio: ["ignore", "pipe", "ignore"]
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const directory = yield* Effect.callback<string>((resume) => {
        createInterface({ input: owner.stdout }).once("line", (line) => resume(Effect.succeed(line)))
      })
      assert.lengthOf(processesOf(directory), 2)
      owner.kill("SIGKILL")
      yield* untilGone(directory)
      // Files it can't remove any more.
      rmSync(directory, { recursive: true })
    }))
})
