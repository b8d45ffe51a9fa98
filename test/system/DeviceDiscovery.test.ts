/**
 * Device discovery on real kernel interfaces, in a network namespace that only this test uses. The discovery runs as a
 * child process in the namespace, because sockets and /sys belong to the namespace of their process.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Queue, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { execFileSync, spawnSync } from "node:child_process"
import path from "node:path"

const missing = ((): string | undefined => {
  if (process.platform !== "linux") return "needs Linux"
  if (process.getuid?.() !== 0) return "needs root for a network namespace"
  return spawnSync("ip", ["-V"]).error === undefined ? undefined : "needs the program ip"
})()

const ip = (...words: ReadonlyArray<string>) => Effect.sync(() => execFileSync("ip", words, { stdio: "pipe" }))

let namespaces = 0

/** Deleted with the scope, and every link in it. */
const namespace = Effect.acquireRelease(
  Effect.suspend(() => {
    const name = `lptpd-devices-${process.pid}-${++namespaces}`
    return Effect.as(ip("netns", "add", name), name)
  }),
  (name) => ip("netns", "del", name)
)

const Interfaces = Schema.fromJsonString(Schema.Array(Schema.Struct({
  name: Schema.String,
  kind: Schema.String,
  linkUp: Schema.Boolean,
  softwareTimestamping: Schema.Boolean,
  notCapable: Schema.String
})))

/** Discovery in a namespace of its own: its lists as they come, and how to end it. */
const startDiscovery = Effect.gen(function*() {
  const name = yield* namespace
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const script = path.resolve("test/tools/watch-interfaces.ts")
  const child = yield* spawner.spawn(
    ChildProcess.make("ip", ["netns", "exec", name, process.execPath, script], {
      stdin: "ignore",
      stderr: "inherit",
      forceKillAfter: "1 second"
    })
  )
  const lists = yield* Queue.unbounded<typeof Interfaces.Type>()
  yield* child.stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapEffect((line) => Schema.decodeUnknownEffect(Interfaces)(line)),
    Stream.runForEach((list) => Queue.offer(lists, list)),
    Effect.forkScoped
  )
  return { name, child, lists }
})

/** Waits for a list in which `isSeen`; the daemon's promise is one second. */
const withinOneSecond = (
  lists: Queue.Dequeue<typeof Interfaces.Type>,
  isSeen: (list: typeof Interfaces.Type) => boolean
) =>
  Queue.take(lists).pipe(
    Effect.repeat({ until: isSeen }),
    Effect.timed,
    Effect.timeout("10 seconds"),
    Effect.map(([duration]) => assert.isBelow(Duration.toMillis(duration), 1000))
  )

const summary = (list: typeof Interfaces.Type) =>
  list.map(({ kind, linkUp, name }) => `${name} ${kind} ${linkUp ? "up" : "down"}`).join(", ")

describe.skipIf(missing !== undefined)(`device discovery on a real kernel${missing ? `: ${missing}` : ""}`, () => {
  it.live("sees within a second that links come, change, are renamed and go", () =>
    Effect.gen(function*() {
      const { lists, name } = yield* startDiscovery
      const seen = (expected: string) => withinOneSecond(lists, (list) => summary(list) === expected)
      assert.strictEqual(summary(yield* Queue.take(lists)), "lo loopback down")
      yield* ip("-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1")
      yield* seen("lo loopback down, v0 veth down, v1 veth down")
      yield* ip("-n", name, "link", "set", "v0", "up")
      yield* ip("-n", name, "link", "set", "v1", "up")
      yield* seen("lo loopback down, v0 veth up, v1 veth up")
      yield* ip("-n", name, "link", "set", "v1", "down")
      yield* seen("lo loopback down, v0 veth down, v1 veth down")
      yield* ip("-n", name, "link", "set", "v1", "name", "w1")
      yield* seen("lo loopback down, v0 veth down, w1 veth down")
      yield* ip("-n", name, "link", "del", "v0")
      yield* seen("lo loopback down")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("tells bridge, macvlan and tap from a veth, and asks the kernel for their stamps", () =>
    Effect.gen(function*() {
      const { lists, name } = yield* startDiscovery
      yield* ip("-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1")
      yield* ip("-n", name, "link", "add", "b0", "type", "bridge")
      yield* ip("-n", name, "link", "set", "v1", "master", "b0")
      yield* ip("-n", name, "link", "add", "link", "v0", "name", "m0", "type", "macvlan")
      yield* ip("-n", name, "tuntap", "add", "t0", "mode", "tap")
      const expected = "b0 bridge down, lo loopback down, m0 macvlan down, t0 tap down, v0 veth down, v1 veth down"
      const list = yield* Queue.take(lists).pipe(
        Effect.repeat({ until: (found) => summary(found) === expected }),
        Effect.timeout("10 seconds")
      )
      // A bridge can't stamp what it sends: only the kernel can have said that.
      assert.deepStrictEqual(
        list.filter((nic) => !nic.softwareTimestamping).map((nic) => nic.name),
        ["b0"]
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("ends at once when told to, with its sockets open", () =>
    Effect.gen(function*() {
      const { child, lists } = yield* startDiscovery
      yield* Queue.take(lists)
      const [duration] = yield* child.kill({ killSignal: "SIGTERM", forceKillAfter: "5 seconds" }).pipe(Effect.timed)
      assert.isBelow(Duration.toMillis(duration), 500)
      // 130 is runMain's; a thread in a system call would have needed the SIGKILL, and there would be no exit code.
      assert.strictEqual(yield* child.exitCode, 130)
    }).pipe(Effect.provide(NodeServices.layer)))
})
