/** Faults of clocks, each with what must be true of the node's clock while it lasts. */
import type { ClockAlarmReason, ClockStateName } from "../../src/services/clocks/NodeClock.ts"
import type { ClockWorld, Program, Source } from "./ClockWorld.ts"

export interface ClockFault {
  readonly kind: string
  /** Undefined: there is nothing to do it to. */
  readonly begin: (world: ClockWorld) => OngoingFault | undefined
}

export interface OngoingFault {
  /** The only states that are true after so many seconds of it; 0 is right after its first second. */
  readonly allowed: (seconds: number) => ReadonlyArray<ClockStateName>
  /** The node must not even be in another state for a moment. */
  readonly isUnbroken?: true
  /** What must be told in the end. */
  readonly alarm?: ClockAlarmReason
  /** How long it lasts at most. */
  readonly longest: number
  readonly end: () => void
}

const holdOver = 5
const locked = () => ["LOCKED"] as const
const free = () => ["FREERUN"] as const
/** Measurements are gone, and that is known at once. */
const heldThenFree = (seconds: number): ReadonlyArray<ClockStateName> => {
  if (seconds < holdOver - 1) return ["HOLDOVER"]
  return seconds <= holdOver ? ["HOLDOVER", "FREERUN"] : ["FREERUN"]
}

const returnTo = ({ enter }: ClockWorld, source: Source) => {
  if (source.state === "FAULTY") enter(source, "LISTENING", "INIT_COMPLETE")
  enter(source, "UNCALIBRATED", "RS_SLAVE")
  enter(source, "SLAVE", "MASTER_CLOCK_SELECTED")
}

const lose = (world: ClockWorld, source: Source) =>
  world.dice.chance(0.5)
    ? world.enter(source, "FAULTY", "FAULT_DETECTED (FT_UNSPECIFIED)")
    : world.enter(source, "LISTENING", "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES")

/** What the chain of the node depends on for sure. */
const essential = (world: ClockWorld): Program => world.ts2phc ?? world.phc2sys

const withOne = (world: ClockWorld, change: (program: Program) => void, restore: (program: Program) => void) => {
  const program = world.dice.pick([world.phc2sys, essential(world)])
  change(program)
  world.tellStatuses()
  return () => {
    restore(program)
    world.tellStatuses()
  }
}

export const clockFaults: ReadonlyArray<ClockFault> = [
  {
    kind: "a dead source of an HA phc2sys",
    begin: (world) => {
      const source = world.dice.some(world.sources)
      if (source === undefined) return undefined
      lose(world, source)
      return {
        allowed: locked,
        isUnbroken: true,
        alarm: "RedundancyLost",
        longest: 25,
        end: () => returnTo(world, source)
      }
    }
  },
  {
    kind: "a killed source of an HA phc2sys",
    begin: (world) => {
      const source = world.dice.some(world.sources)
      if (source === undefined) return undefined
      source.isDead = true
      source.state = "LISTENING"
      world.tellStatuses()
      return {
        allowed: locked,
        isUnbroken: true,
        alarm: "RedundancyLost",
        longest: 25,
        end: () => {
          source.isDead = false
          source.run += 1
          world.tellStatuses()
          returnTo(world, source)
        }
      }
    }
  },
  {
    kind: "all sources are dead",
    begin: (world) => {
      if (world.sources.length === 0) return undefined
      for (const source of world.sources) lose(world, source)
      return {
        allowed: heldThenFree,
        longest: 15,
        end: () => {
          for (const source of world.sources) returnTo(world, source)
        }
      }
    }
  },
  {
    kind: "one bad sample",
    begin: (world) => {
      const program = world.dice.pick([world.phc2sys, essential(world), ...world.sources])
      program.nextOffsetNs = world.dice.pick([-1, 1]) * world.dice.between(101, 1_000)
      return { allowed: locked, isUnbroken: true, longest: 10, end: () => {} }
    }
  },
  {
    kind: "one sample far away",
    begin: (world) => {
      essential(world).nextOffsetNs = world.dice.pick([-1, 1]) * world.dice.between(1_001, 1_000_000)
      return { allowed: (seconds) => seconds < 3 ? ["FREERUN"] : ["LOCKED"], longest: 10, end: () => {} }
    }
  },
  {
    kind: "a slewed hour",
    begin: (world) => {
      world.systemOffsetNs = 3_600_000_000_000
      return {
        allowed: free,
        alarm: "OffsetTooLarge",
        longest: 25,
        end: () => {
          world.systemOffsetNs = 0
        }
      }
    }
  },
  {
    kind: "a servo that may not adjust its clock",
    begin: (world) => {
      const refusal = world.dice.pick(["WithOffsets", "Silent"] as const)
      const end = withOne(world, (program) => {
        program.refusal = refusal
      }, (program) => {
        program.refusal = "None"
      })
      return { allowed: free, alarm: "LinuxptpFault", longest: 25, end }
    }
  },
  {
    kind: "a program that stalls",
    begin: (world) => {
      const end = withOne(world, (program) => {
        program.isStalled = true
      }, (program) => {
        program.isStalled = false
      })
      return { allowed: heldThenFree, longest: 15, end }
    }
  },
  {
    kind: "a program that is killed",
    begin: (world) => {
      const end = withOne(world, (program) => {
        program.isDead = true
      }, (program) => {
        program.isDead = false
        program.run += 1
      })
      return { allowed: heldThenFree, longest: 15, end }
    }
  },
  {
    kind: "a holdover of ts2phc",
    begin: (world) => {
      if (world.ts2phc === undefined) return undefined
      world.reference = "HeldOver"
      return {
        allowed: () => ["HOLDOVER"],
        alarm: "LinuxptpFault",
        longest: 40,
        end: () => {
          world.reference = "Present"
        }
      }
    }
  },
  {
    kind: "a holdover of ts2phc that is given up",
    begin: (world) => {
      const { ts2phc } = world
      if (ts2phc === undefined) return undefined
      world.reference = "GivenUp"
      world.say(ts2phc, "ens4f0 offset 4 s3 freq -10 holdover", "ens4f0 lost holdover lock (offset 300)")
      return {
        allowed: free,
        longest: 25,
        end: () => {
          world.reference = "Present"
        }
      }
    }
  }
]
