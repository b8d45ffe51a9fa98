/** The file for the kubelet's probes, judged by the command in deploy/. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, FileSystem, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { parse } from "yaml"
import * as AliveFile from "../../../src/layers/observability/AliveFile.ts"
import { Health } from "../../../src/services/Health.ts"

const [container] = parse(readFileSync("deploy/ptp-daemon.yaml", "utf8")).spec.template.spec.containers

/** What the probe of a container says whose run directory is `directory`. */
const isAlive = (directory: string, probe: "startupProbe" | "livenessProbe" = "livenessProbe") =>
  Effect.sync(() => {
    const [shell, ...words]: ReadonlyArray<string> = container[probe].exec.command
    const inDirectory = words.map((word) => word.replace("/var/run/linuxptp-daemon/", `${directory}/`))
    return spawnSync(shell ?? "", inDirectory).status === 0
  })

describe.skipIf(process.platform !== "linux")("the file of the kubelet's probes", () => {
  it.effect("is there while the daemon lives, fresh while nothing is stuck, and gone at the end", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "linuxptp-daemon-alive-" })
      const path = `${directory}/alive`
      assert.isFalse(yield* isAlive(directory))
      let reasons: ReadonlyArray<string> = []
      const health = Layer.succeed(Health, { stuck: Effect.sync(() => reasons), notReady: Effect.succeed(["no API"]) })
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(AliveFile.layer({ directory }).pipe(Layer.provide(health)), scope)
      assert.isTrue(yield* isAlive(directory, "startupProbe"))
      assert.isTrue(yield* isAlive(directory))
      // As it is 30 s later, when nothing renewed it.
      yield* fs.writeFileString(path, `${Math.floor(Number(yield* fs.readFileString(path)) - 30)}\n`)
      assert.isFalse(yield* isAlive(directory))
      reasons = ["an apply has been under way for 61 s"]
      yield* TestClock.adjust("10 seconds")
      assert.isFalse(yield* isAlive(directory))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* fs.exists(path))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("is told once when it cannot be written, and the daemon goes on", () =>
    Effect.gen(function*() {
      const messages: Array<unknown> = []
      const log = Logger.layer([Logger.make(({ message }) => void messages.push(message))])
      const health = Layer.succeed(Health, { stuck: Effect.succeed([]), notReady: Effect.succeed([]) })
      const denied = FileSystem.layerNoop({})
      yield* Layer.build(
        AliveFile.layer({ directory: "/nowhere" }).pipe(
          Layer.provide(Layer.merge(health, denied)),
          Layer.provideMerge(log)
        )
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(messages.flat(), ["cannot renew the file that shows the kubelet that the daemon lives"])
    }).pipe(Effect.scoped))
})
