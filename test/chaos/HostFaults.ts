/** Faults of the machine: its NICs, its clock, its packages, its daemon. */
import { Option } from "effect"
import { type Fault, isPtp4l } from "./Fault.ts"
import type { World } from "./World.ts"

const dayOf2038 = Date.UTC(2038, 0, 19, 3, 14, 7)

/** Nothing of supervision may depend on what the wall says. */
const jump = (kind: string, target: (now: number, world: World) => number): Fault => ({
  kind,
  inject: (world) => {
    const to = target(world.time.wallMillis(), world)
    if (!world.withoutJumps) world.time.stepWall(to)
    world.note(kind)
    // How long somebody was ready must not come from this clock.
    const victim = world.dice.some(world.living(({ isStuck }) => !isStuck))
    if (victim !== undefined) world.later(world.dice.between(1, 2_000), () => victim.end({ signal: "SIGSEGV" }))
    return true
  }
})

const eitherWay = (millis: number) => (now: number, { dice }: World) => now + (dice.chance(0.5) ? millis : -millis)

const interfaceFlaps: Fault = {
  kind: "an interface goes and comes back",
  inject: (world) => {
    const { dice, host, later, living, note, publish } = world
    const name = dice.some([...host.nics.keys()])
    const phc = name === undefined ? undefined : host.nics.get(name)
    if (name === undefined || phc === undefined) return false
    note(`${name} is gone`)
    host.nics.delete(name)
    publish()
    // Without its NIC a ptp4l lives on; one that starts does not.
    if (dice.chance(0.5)) {
      for (const child of living((one) => isPtp4l(one) && one.spec.interfaces.includes(name))) child.end({ code: 255 })
    }
    later(dice.between(10, 20_000), () => {
      if (host.nics.has(name)) return
      note(`${name} is back`)
      host.nics.set(name, phc)
      publish()
    })
    return true
  }
}

const phcChanges: Fault = {
  kind: "a PHC gets another index",
  inject: ({ dice, host, note, publish }) => {
    const name = dice.some([...host.nics.keys()])
    if (name === undefined) return false
    note(`${name} has another PHC`)
    host.nics.set(name, (host.nics.get(name) ?? 0) + 2)
    publish()
    return true
  }
}

const end = (world: World, isPolite: boolean) => {
  if (!isPolite) return world.kill()
  // Some have every reason to be slow just then.
  if (world.dice.chance(0.3)) { for (const child of world.living()) child.obeysAfter = undefined }
  world.shutdown()
}

/** The kubelet starts it again after a while. */
const restart = (world: World, isPolite: boolean) => {
  end(world, isPolite)
  world.time.advance(world.dice.between(1, 20_000))
  world.awaitLeftOvers()
  world.boot()
}

export const hostFaults: ReadonlyArray<Fault> = [
  interfaceFlaps,
  phcChanges,
  {
    kind: "the state directory is full",
    inject: ({ dice, host, later, note }) => {
      if (host.isDiskFull) return false
      note("the state directory is full")
      host.isDiskFull = true
      later(dice.between(1_000, 300_000), () => {
        note("the state directory has space")
        host.isDiskFull = false
      })
      return true
    }
  },
  {
    kind: "the daemon starts while the API is silent",
    inject: (world) => {
      const { dice, host, later, note, publish } = world
      if (host.isApiSilent) return false
      note("the API is silent")
      host.isApiSilent = true
      later(dice.between(1_000, 120_000), () => {
        note("the API speaks")
        host.isApiSilent = false
        publish()
      })
      restart(world, dice.chance(0.5))
      return true
    }
  },
  {
    kind: "the start stalls, and the API is silent",
    inject: (world) => {
      const { breach, dice, host, later, note, publish, statuses, time } = world
      if (host.isApiSilent || Option.isNone(host.linuxptp)) return false
      host.loadMillis = dice.between(1_200, 60_000)
      note(`the API is silent, and the disk takes ${host.loadMillis} ms`)
      host.isApiSilent = true
      restart(world, dice.chance(0.5))
      time.advance(host.loadMillis + 1_000)
      host.loadMillis = 0
      const hasWorked = Option.exists(host.disk, ({ memory }) => memory.objects.length > 0)
      if (hasWorked && statuses().length === 0) breach("the last configuration is lost by a stalled start")
      later(dice.between(0, 60_000), () => {
        note("the API speaks")
        host.isApiSilent = false
        publish()
      })
      return true
    }
  },
  jump("the wall clock jumps by 1 s", eitherWay(1_000)),
  jump("the wall clock jumps by 37 s", eitherWay(37_000)),
  jump("the wall clock jumps by an hour", eitherWay(3_600_000)),
  jump("the wall clock falls back to 1970", () => 0),
  jump("the wall clock runs to 2038", () => dayOf2038),
  {
    kind: "shutdown at any moment",
    inject: (world) => {
      restart(world, true)
      return true
    }
  },
  {
    kind: "the daemon is killed",
    inject: (world) => {
      restart(world, false)
      return true
    }
  },
  {
    kind: "the daemon is stopped for a while",
    inject: (world) => {
      world.pause(world.dice.between(500, 90_000))
      return true
    }
  },
  {
    kind: "linuxptp is missing, then there",
    inject: (world) => {
      const { dice, host, note, time } = world
      const installed = host.linuxptp
      host.linuxptp = Option.none()
      restart(world, true)
      time.advance(dice.between(0, 20_000))
      note("linuxptp is there")
      host.linuxptp = installed
      time.advance(dice.between(0, 6_000))
      return true
    }
  },
  {
    kind: "linuxptp has another version",
    inject: (world) => {
      const { dice, host, note } = world
      host.linuxptp = Option.some(dice.pick([
        { major: 4, minor: 4, patch: 0 },
        { major: 4, minor: 1, patch: 0 },
        { major: 4, minor: 2, patch: 0 }
      ]))
      note("linuxptp has another version")
      restart(world, dice.chance(0.5))
      return true
    }
  }
]
