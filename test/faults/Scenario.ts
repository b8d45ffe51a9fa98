/**
 * One seed: a daemon boots, and faults follow, one or two at a time. People edit before, during and after each fault,
 * and after each the daemon must be in sync in time.
 */
import { answerFaults } from "./AnswerFaults.ts"
import { connectionFaults } from "./ConnectionFaults.ts"
import { credentialFaults } from "./CredentialFaults.ts"
import type { Fault, UnderWay } from "./Fault.ts"
import { serverFaults } from "./ServerFaults.ts"
import { streamFaults } from "./StreamFaults.ts"
import { streamListFaults } from "./StreamListFaults.ts"
import { makeWorld, type World, type WorldOptions } from "./World.ts"

export const allFaults: ReadonlyArray<Fault> = [
  ...connectionFaults,
  ...answerFaults,
  ...streamFaults,
  ...streamListFaults,
  ...credentialFaults,
  ...serverFaults
]

const patienceOf = ({ patienceMillis = 60_000 }: Fault): number => patienceMillis
/** Longer than the client's back-off remembers. */
const healthyMillis = 130_000
const bootMillis = 60_000

/** A fault that was met, and how long after its end everything was in sync again. */
export interface Met {
  readonly kind: string
  readonly syncMillis: number | undefined
}

export interface Outcome {
  readonly seed: number
  readonly trace: ReadonlyArray<string>
  readonly breaches: ReadonlyArray<string>
  readonly met: ReadonlyArray<Met>
  readonly requests: number
  readonly virtualMillis: number
}

interface Started {
  readonly fault: Fault
  readonly underWay: UnderWay
}

const editWithin = (world: World, millis: number, chance: number) => {
  const { dice, editLater } = world
  if (!dice.chance(chance)) return
  for (let left = dice.between(1, 3); left > 0; left--) editLater(dice.between(1, Math.max(1, millis)))
}

const startOne = async (world: World, faults: ReadonlyArray<Fault>): Promise<Started | undefined> => {
  for (let tries = 0; tries < 20; tries++) {
    const fault = world.dice.some(faults)
    if (fault === undefined) return undefined
    if (fault.needsHealth === true) await world.advance(healthyMillis)
    const underWay = await fault.start(world)
    if (underWay !== undefined) return { fault, underWay }
  }
  return undefined
}

/** What is wrong after the time that the daemon has; undefined when it came back. */
const syncWithin = async (world: World, millis: number): Promise<number> => {
  const { advance, breach, isInSync, law, requests, time, whatIsWrong } = world
  const endedAt = time.now()
  const patience = Math.max(endedAt, requests.patientUntil()) + millis - endedAt
  const isBack = await advance(patience, isInSync)
  const took = time.now() - Math.min(time.now(), Math.max(endedAt, requests.patientUntil()))
  if (!isBack) breach(`DEAF ${took} ms after the fault's end: ${whatIsWrong().join("; ")}`)
  for (const { events } of world.proxy.exchanges()) events.length = 0
  law.forget()
  world.note(`in sync after ${took} ms`)
  return took
}

const round = async (world: World, faults: ReadonlyArray<Fault>, met: Array<Met>) => {
  const { advance, dice, judgeConnections } = world
  await advance(dice.between(0, dice.pick([0, 1_000, 20_000, 200_000])))
  if (dice.chance(0.5)) world.edit()
  if (dice.chance(0.5)) await world.rest()
  const first = await startOne(world, faults)
  if (first === undefined) return
  const started = [first]
  editWithin(world, first.underWay.lastsMillis, 0.6)
  if (dice.chance(0.2) && first.fault.needsHealth === undefined) {
    await advance(dice.between(0, first.underWay.lastsMillis))
    const second = await startOne(world, faults.filter((other) => !conflicts(first.fault, other)))
    if (second !== undefined) started.push(second)
  }
  await advance(Math.max(...started.map(({ underWay }) => underWay.lastsMillis)))
  for (const { underWay } of started) await underWay.end()
  world.note("the fault is over")
  if (dice.chance(0.5)) world.edit()
  editWithin(world, 300, 0.7)
  const patience = Math.max(...started.map(({ fault }) => patienceOf(fault)))
  const syncMillis = await syncWithin(world, patience)
  await judgeConnections()
  for (const { fault, underWay } of started) {
    // Beside one that takes longer it is not known what it took.
    const isKnown = patienceOf(fault) === patience
    if (underWay.happened?.() !== false) met.push({ kind: fault.kind, syncMillis: isKnown ? syncMillis : undefined })
  }
}

const families = [connectionFaults, answerFaults, streamFaults, streamListFaults, credentialFaults, serverFaults]
/** Two of one family would undo each other's end; and what needs health gets none beside another. */
const conflicts = (one: Fault, other: Fault): boolean =>
  other.needsHealth === true || families.some((family) => family.includes(one) && family.includes(other)) ||
  (serverFaults.includes(other) && connectionFaults.includes(one)) ||
  (serverFaults.includes(one) && connectionFaults.includes(other))

export const runScenario = async (
  seed: number,
  { faults = allFaults, ...options }: WorldOptions & { readonly faults?: ReadonlyArray<Fault> }
): Promise<Outcome> => {
  const world = await makeWorld(seed, options)
  const met: Array<Met> = []
  const { breach, breaches, lines } = world
  try {
    await syncWithin(world, bootMillis)
    for (let left = world.dice.between(2, 5); left > 0 && breaches.length === 0; left--) await round(world, faults, met)
    if (breaches.length === 0) await world.close()
  } catch (cause) {
    breach(`the simulation broke: ${cause instanceof Error ? cause.stack ?? cause.message : String(cause)}`)
  }
  if (breaches.length > 0) await world.abandon()
  return {
    seed,
    trace: lines,
    breaches,
    met,
    requests: world.requests.all().length,
    virtualMillis: world.time.now()
  }
}
