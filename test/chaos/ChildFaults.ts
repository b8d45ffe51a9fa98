/** Faults of linuxptp's programs and of the kernel that the supervisor must handle. */
import { missingNic, talk } from "../simulation/Behaviour.ts"
import { atNextStart, behaving, type Fault, hold, isDependant, isPhc2sys, isPtp4l, toChild } from "./Fault.ts"
import { noticeMillis } from "./Judge.ts"

const once = () => 1
const hugeLine = "x".repeat(10 * 1024 * 1024)
const floodLines = 3_000

const allKilled: Fault = {
  kind: "all killed at once",
  inject: ({ living, note }) => {
    const victims = living(({ isStuck }) => !isStuck)
    note(`all killed at once: ${victims.length}`)
    for (const child of victims) child.end({ signal: "SIGKILL" })
    return victims.length > 0
  }
}

export const childFaults: ReadonlyArray<Fault> = [
  toChild("ignores SIGTERM", (child) => {
    child.obeysAfter = undefined
  }),
  toChild("takes its whole grace to stop", (child, { dice }) => {
    child.obeysAfter = dice.between(4_900, 5_100)
  }),
  toChild("floods its output", (child, { time }) => {
    child.print(Array.from({ length: floodLines }, () => talk(child.spec.program, time.now())).join("\n"))
  }),
  toChild("prints a line of 10 MB", (child) => child.print(hugeLine)),
  toChild("closes its output", (child) => {
    child.isMute = true
  }),
  toChild("exits 0 unasked", (child) => child.end({ code: 0 })),
  toChild(
    "crashes by a signal",
    (child, { dice }) => child.end({ signal: dice.pick(["SIGSEGV", "SIGABRT", "SIGBUS"]) })
  ),
  toChild("kill -9 of ptp4l", (child) => child.end({ signal: "SIGKILL" }), isPtp4l),
  toChild("kill -9 of phc2sys", (child) => child.end({ signal: "SIGKILL" }), isDependant),
  toChild("a grandchild outlives it", (child, { dice }) => {
    child.outlivedBy = dice.between(1, noticeMillis)
    if (dice.chance(0.5)) child.end({ signal: "SIGSEGV" })
  }),
  allKilled,
  toChild("kill -9 of ptp4l while phc2sys starts", (child, world) => {
    const { after } = child.spec
    child.end({ signal: "SIGKILL" })
    world.time.advance(world.dice.between(0, 50))
    for (const server of world.living(({ isStuck, spec }) => !isStuck && after.includes(spec.id))) {
      server.end({ signal: "SIGKILL" })
    }
  }, isDependant),
  toChild("D state", (child, world) => hold(child, world, world.dice.between(100, 60_000))),
  toChild("stopped", (child, { dice, later }) => {
    child.freeze("stopped")
    if (dice.chance(0.5)) later(dice.between(500, 60_000), child.free)
  }),
  toChild("asleep for ever", (child) => child.freeze("asleep"), (child) => isPtp4l(child) || isPhc2sys(child)),
  toChild("D state until long after SIGKILL", (child, world) => {
    hold(child, world, world.dice.between(8_000, 40_000))
    child.end({ signal: "SIGKILL" })
  }),
  toChild("ptp4l dies while its dependants are in D state", (child, world) => {
    for (const dependant of world.living(({ isStuck, spec }) => !isStuck && spec.after.includes(child.spec.id))) {
      hold(dependant, world, world.dice.between(1_000, 60_000))
    }
    child.end({ signal: "SIGKILL" })
  }, isPtp4l),
  toChild("management socket dead", (child, { dice, later, time }) => {
    child.isDeaf = true
    later(dice.between(1_000, 90_000), () => {
      child.isDeaf = false
    })
    child.print(`ptp4l[${time.now() / 1_000}]: port 0: INITIALIZING to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)`)
  }, isPtp4l),
  atNextStart(
    "meets a stale socket",
    once,
    behaving({ isDeaf: true }),
    isPtp4l
  ),
  atNextStart("never gets ready", once, behaving({ readyAfter: undefined })),
  atNextStart("gets ready late", once, behaving((usual) => ({ readyAfter: 30_000 + usual.forkMillis * 3_000 }))),
  atNextStart("is mute from the start", once, behaving({ isMute: true })),
  atNextStart(
    "crash loop",
    ({ dice }) => dice.between(3, 12),
    behaving((_, run) => ({ ends: { after: 50 * run, exit: { signal: "SIGSEGV" }, words: "" } }))
  ),
  atNextStart(
    "dies soon after it is ready, again and again",
    ({ dice }) => dice.between(2, 5),
    behaving({
      readyAfter: 10,
      ends: { after: 300, exit: { code: 1 }, words: "timed out while polling for tx timestamp" }
    })
  ),
  atNextStart(
    "exits 255 at once",
    ({ dice }) => dice.between(1, 5),
    behaving({ ends: missingNic, readyAfter: undefined })
  )
]
