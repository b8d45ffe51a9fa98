/**
 * One seed: a node boots, faults follow each other, and time passes in between. From time to time, and at the end,
 * every fault is repaired, and the desired state must return by itself.
 */
import { childFaults } from "./ChildFaults.ts"
import { editFaults, withAnotherText } from "./EditFaults.ts"
import type { Fault } from "./Fault.ts"
import { hostFaults } from "./HostFaults.ts"
import { specsText } from "./NodeDaemon.ts"
import { startFaults } from "./StartFaults.ts"
import { makeWorld, type World, type WorldOptions } from "./World.ts"

export const allFaults: ReadonlyArray<Fault> = [...childFaults, ...startFaults, ...hostFaults, ...editFaults]

/** How long the desired state may take to come back in a world without faults. */
const patienceMillis = 120_000
/** What did not start because of something outside of its text is tried again at the latest after this pause. */
const longestPauseMillis = 240_000
const lookEveryMillis = 500

export interface Outcome {
  readonly seed: number
  /** Every step in its order, with the virtual second. */
  readonly trace: ReadonlyArray<string>
  readonly breaches: ReadonlyArray<string>
  /** The desired state did not come back. */
  readonly isWedged: boolean
  /** Kinds of faults that came true. */
  readonly happened: ReadonlyArray<string>
  readonly virtualMillis: number
}

/** Ends all that is wrong with the world: nothing is done to the daemon, and nothing to a child that behaves. */
const putRight = (world: World) => {
  const { children, cluster, host, living, note, publish } = world
  note("everything is put right")
  children.behave()
  world.finishPending()
  host.isDiskFull = false
  publish()
  // What is rolled back shows only once it is recommended again, and what is doomed to end does so first.
  world.time.advance(50)
  const rolledBack = world.rolledBack()
  for (const config of cluster.configs.values()) {
    // By other words than before: a text that was refused is tried again with the next edit, and not without one.
    if (config.name === "ghost") cluster.remove(config.name)
    else if (
      config.mistake !== undefined || rolledBack.some((one) => one.config === config.name && one.isFinal)
    ) {
      cluster.edit(config.name, { profile: withAnotherText(config) })
    }
  }
  publish()
  for (const child of living()) {
    child.isDeaf = false
    // What lost its output dies of the next thing it prints (signal(7): SIGPIPE).
    if (child.isMute) child.end({ signal: "SIGPIPE" })
    if (child.readyAt === undefined && !child.isMute) child.becomeReady()
  }
}

/** True when the desired state came back in time. */
const comesBack = (world: World): boolean => {
  putRight(world)
  const expected = world.expected()
  const patience = patienceMillis + (world.rolledBack().some(({ isFinal }) => !isFinal) ? longestPauseMillis : 0)
  for (let waited = 0; waited <= patience; waited += lookEveryMillis) {
    if (world.isSettled(expected)) return true
    world.time.advance(lookEveryMillis)
  }
  world.note(`WEDGED, expected: ${specsText(expected[0] ?? [])}`)
  for (const { id, pid, reason, state } of world.statuses()) {
    world.note(`  status ${id}: ${state}, pid ${pid ?? "none"} ${reason ?? ""}`)
  }
  for (const { isStuck, pid, readyAt, spec } of world.living()) {
    world.note(
      `  living ${spec.id}, pid ${pid}${readyAt === undefined ? ", not ready" : ""}${isStuck ? ", stuck" : ""}`
    )
  }
  return false
}

const injectOne = (world: World) => {
  for (let tries = 0; tries < 20; tries++) {
    const fault = world.dice.some(allFaults)
    if (fault === undefined || !fault.inject(world)) continue
    if (fault.isPlanned === undefined) world.happened.push(fault.kind)
    return
  }
}

const pause = ({ dice, time }: World) => {
  const longest = dice.pick([0, 50, 50, 1_000, 1_000, 8_000, 8_000, 40_000, 150_000])
  time.advance(dice.between(0, longest))
}

export const runScenario = (seed: number, options: WorldOptions = {}): Outcome => {
  const world = makeWorld(seed, options)
  const { dice, happened, time, trace: { breaches, lines } } = world
  let isWedged = false
  try {
    world.boot()
    time.advance(dice.between(0, 5_000))
    for (let left = dice.between(5, 14); left > 0 && !isWedged && breaches.length === 0; left--) {
      injectOne(world)
      pause(world)
      world.judgeWish()
      if (dice.chance(0.2)) isWedged = !comesBack(world)
    }
    isWedged ||= !comesBack(world)
    world.shutdown()
  } catch (cause) {
    world.breach(`the simulation broke: ${cause instanceof Error ? cause.stack ?? cause.message : String(cause)}`)
  }
  return { seed, trace: lines, breaches, isWedged, happened, virtualMillis: time.now() }
}
