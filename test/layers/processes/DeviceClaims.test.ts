import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, writeFileSync } from "node:fs"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { type Claim, type DeviceClaims, makeDeviceClaims } from "../../../src/layers/processes/DeviceClaims.ts"
import { takeName } from "../../../src/layers/processes/ExclusiveName.ts"
import { spec } from "./ScriptedRunner.ts"

const isRoot = process.getuid?.() === 0

/** Two daemons; `nic0` has the clock `device`, a plain file. Names are of this test run alone. */
const make = Effect.gen(function*() {
  const device = `${yield* FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped())}/clock${process.pid}`
  writeFileSync(device, "")
  const libc = yield* Effect.provide(Libc.calls, Libc.layer)
  const nic = `t${process.pid}`
  const devicesOf = (name: string) => name === nic || name === device ? [device] : []
  const daemon = (about: string) => makeDeviceClaims(libc, { about, devicesOf })
  const claim = ({ claim }: DeviceClaims, interfaces: ReadonlyArray<string>, clocks: ReadonlyArray<string> = []) =>
    Effect.acquireRelease(
      Effect.sync(() => claim(spec("a", { claims: { interfaces, clocks } }))),
      (result) => Effect.sync(() => release(result))
    )
  return { libc, device, nic, first: daemon("/run/first on worker-1"), second: daemon("second"), claim }
})

const release = (claim: Claim) => {
  if ("release" in claim) claim.release()
}
const refusal = (claim: Claim) => "refusal" in claim ? claim.refusal : undefined

/** Runs as nobody until the scope closes. */
const stranger = (command: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const child = spawn("setpriv", ["--reuid", "65534", "--clear-groups", command, ...args])
      child.stdout.once("data", () => resume(Effect.succeed(child)))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const live = <A, E, R>(test: Effect.Effect<A, E, R>) => test.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

describe("a claim", () => {
  it.live("of a NIC is refused to a second daemon, which is told who has it, until the first gives it up", () =>
    live(Effect.gen(function*() {
      const { claim, first, nic, second } = yield* make
      const one = yield* claim(first, [nic])
      assert.strictEqual(
        refusal(yield* claim(second, [`${nic}b`, nic])),
        `${nic} is in use by another linuxptp-daemon, pid ${process.pid}, /run/first on worker-1`
      )
      // What was refused in part is claimed not at all.
      assert.isUndefined(refusal(yield* claim(first, [`${nic}b`])))
      release(one)
      assert.isUndefined(refusal(yield* claim(second, [nic])))
    })))

  it.live("stays refused, however often a second daemon asks", () =>
    live(Effect.gen(function*() {
      const { claim, first, nic, second } = yield* make
      yield* claim(first, [nic])
      // More than the kernel's queue of a name takes.
      for (let times = 0; times < 5_000; times += 1) {
        assert.include(refusal(second.claim(spec("a", { claims: { interfaces: [nic], clocks: [] } }))), nic)
        yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
      }
    })))

  it.live("is shared by the processes of one daemon, and ends with the last of them", () =>
    live(Effect.gen(function*() {
      const { claim, device, first, nic, second } = yield* make
      const ptp4l = yield* claim(first, [nic], [nic])
      const ts2phc = yield* claim(first, [], [device])
      release(ptp4l)
      assert.include(refusal(yield* claim(second, [], [nic])), device)
      assert.isUndefined(refusal(yield* claim(second, [nic])))
      release(ts2phc)
      assert.isUndefined(refusal(yield* claim(second, [], [nic])))
    })))

  it.live("of a clock is a lock on its device, for those in other network namespaces", () =>
    live(Effect.gen(function*() {
      const { claim, device, first } = yield* make
      const locker = yield* Effect.acquireRelease(
        Effect.callback<ChildProcess>((resume) => {
          const child = spawn("setpriv", ["flock", device, "sh", "-c", "echo up; exec sleep 1000"])
          child.stdout.once("data", () => resume(Effect.succeed(child)))
        }),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      // flock(1) waits for its child, and both have the lock.
      assert.match(refusal(yield* claim(first, [], [device])) ?? "", new RegExp(`is in use by pid ${locker.pid}`))
    })))

  it.live.skipIf(!isRoot)(
    "is not refused because of a user who is not root, who is told",
    () =>
      live(Effect.gen(function*() {
        const { claim, device, first, libc, nic } = yield* make
        chmodSync(device, 0o644)
        chmodSync(device.replace(/\/[^/]*$/, ""), 0o755)
        yield* stranger("flock", device, "sh", "-c", "echo up; exec sleep 1000")
        const script = `require("net").createServer().listen("\\0linuxptp-daemon/nic/${nic}", () => console.log("up"))`
        yield* stranger(process.execPath, "-e", script)
        const taken = yield* claim(first, [nic], [device])
        assert.isUndefined(refusal(taken))
        const ignored = "ignored" in taken ? taken.ignored : []
        assert.strictEqual(ignored.length, 2)
        for (const holder of ignored) assert.include(holder, "user 65534")
        assert.isFalse("release" in takeName(libc, `linuxptp-daemon/nic/${nic}`, ""))
      }))
  )

  it.live("of nothing is never refused", () =>
    live(Effect.gen(function*() {
      const { first } = yield* make
      assert.deepStrictEqual(refusal(first.claim(spec("a"))), undefined)
    })))
})
