/**
 * The rules of supervision, checked at every start, signal and exit of a child. The judge sees what the kernel sees and
 * what the supervisor was asked for, but nothing inside of the daemon.
 */
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import type { Child } from "../simulation/Child.ts"
import { atOnceMillis, makeRestartLaw } from "./RestartLaw.ts"
import { makeWishes } from "./Wishes.ts"

/** The runner tells of a death at the latest when this is over, whoever holds the output (ChildProcessRunner). */
export const noticeMillis = 50
/** SIGTERM comes first, for this long. */
const graceMillis = 5_000
/** After that a child may count as one that can't be reaped: the kernel had a second. */
const leastPatienceMillis = 6_000
/** After that it has to, and nobody waits for it. */
const mostPatienceMillis = 7_000
/** What executes nothing for so long hangs. */
const hungMillis = 30_000
/** More time than this between two looks is a look that was missed. */
const mostBetweenLooksMillis = 6_000
/** It was last seen awake so long before at most. */
const phc2sysSleepsMillis = 1_000
/** How long the kernel has to give back what got SIGKILL, before it counts as unreapable. */
const reapMillis = 1_000
/** What a shutdown takes at most: the grace of the whole chain and a second for the kernel. */
export const shutdownMillis = 6_000

interface JudgeOptions {
  readonly now: () => number
  readonly living: () => ReadonlyMap<number, Child>
  readonly tell: (breach: string) => void
}

/** A NIC has one of these at a time. */
const ownsNics = ({ program }: ProcessSpec) => program === "ptp4l" || program === "timemaster"

export type Judge = ReturnType<typeof makeJudge>

export const makeJudge = ({ living, now, tell }: JudgeOptions) => {
  const wishes = makeWishes(now)
  const children = () => [...living().values()]
  const law = makeRestartLaw({ now, living: children })
  const errors = new Map<string, number>()
  const forking = new Map<string, ProcessSpec>()
  /** Reasons to stop them came while they were being forked, and hold whatever came after. */
  const spoiled = new Set<ProcessSpec>()
  /** When each id was last seen ready. */
  const readyUntil = new Map<string, number>()
  let shutdownAt: number | undefined
  /** When the daemon went on after it had been stopped itself. */
  let backAt = -Infinity
  /** The same, if it was for so long that it must have missed a look. */
  let lookedAwayUntil = -Infinity
  /** Nothing that can still be reaped had to go for the newest wish. */
  let isWishFree = false

  const countFailure = ({ config }: ProcessSpec) => void errors.set(config, (errors.get(config) ?? 0) + 1)
  const isPastGrace = () => shutdownAt !== undefined && now() >= shutdownAt + graceMillis
  const isUnreapable = ({ termAt }: Child, patience = leastPatienceMillis) =>
    termAt !== undefined && now() >= termAt + patience
  /** Nobody can tell how long a ts2phc or a timemaster may sleep. */
  const isHung = ({ frozenAt, hang, spec: { program } }: Child) =>
    frozenAt !== undefined && (hang !== "asleep" || program === "ptp4l" || program === "phc2sys") &&
    now() - Math.max(frozenAt - (program === "phc2sys" ? phc2sysSleepsMillis : 0), lookedAwayUntil) >= hungMillis
  const isGivenUp = (child: Child) =>
    isUnreapable(child) || (child.killAt !== undefined && now() >= child.killAt + reapMillis)
  const dependantsOf = (id: string) => children().filter(({ spec }) => spec.after.includes(id))
  /** As far as the runner can know. */
  const isReady = (id: string) =>
    now() <= Math.max(readyUntil.get(id) ?? -Infinity, backAt) + noticeMillis ||
    children().some(({ killAt, readyAt, spec, termAt }) =>
      spec.id === id && readyAt !== undefined && termAt === undefined && killAt === undefined
    )

  /** Why the first start for a wish is too late, if it is. */
  const latenessOfWish = (spec: ProcessSpec) => {
    const waited = now() - Math.max(wishes.changedAt(), backAt)
    const isLate = isWishFree && law.isNewSince(spec, wishes.changedAt()) && spec.after.length === 0 &&
      waited > atOnceMillis
    return isLate ? `started ${waited} ms after it was wanted, and nothing had to go before` : undefined
  }

  const judgeAttempt = (spec: ProcessSpec) => {
    const breach = (text: string) => tell(`start of ${spec.id}: ${text}`)
    if (shutdownAt !== undefined) breach("the daemon is ending")
    if (!wishes.isWanted(spec)) breach("nobody wants it")
    if (forking.has(spec.id)) breach("another start of it is under way")
    for (const child of children()) {
      if (child.spec.id === spec.id) breach(`its predecessor, pid ${child.pid}, is not reaped`)
      if (child.spec.directory === spec.directory) breach(`pid ${child.pid} has its directory`)
      const shared = child.spec.interfaces.find((nic) => spec.interfaces.includes(nic))
      // What got SIGKILL executes nothing more, even if the kernel does not give it back.
      if (ownsNics(spec) && ownsNics(child.spec) && shared !== undefined && child.killAt === undefined) {
        breach(`${shared} belongs to ${child.spec.id}, pid ${child.pid}`)
      }
    }
    for (const id of spec.after) if (!isReady(id)) breach(`${id} is not ready`)
    for (const child of dependantsOf(spec.id)) {
      if (!isGivenUp(child)) breach(`its dependant ${child.spec.id}, pid ${child.pid}, still runs`)
    }
    const late = law.lateness(spec, wishes.changedAt()) ?? latenessOfWish(spec)
    if (late !== undefined) breach(late)
  }

  const hasLostDependency = ({ askedAt, spec }: Child) =>
    spec.after.some((id) => {
      const dependency = children().find((child) => child.spec.id === id)
      return dependency === undefined || dependency.readyAt === undefined || dependency.askedAt > askedAt ||
        dependency.termAt !== undefined || dependency.killAt !== undefined || isHung(dependency) ||
        wishes.isUnwanted(dependency.spec)
    })

  const judgeTerm = (child: Child) => {
    const breach = (text: string) => tell(`SIGTERM to ${child.spec.id}, pid ${child.pid}: ${text}`)
    const isJustified = wishes.isUnwanted(child.spec) || hasLostDependency(child) || spoiled.delete(child.spec)
    if (shutdownAt === undefined && !isJustified) {
      breach("nobody changed it, and what it runs after is there")
    }
    if (isPastGrace()) return
    for (const dependant of dependantsOf(child.spec.id)) {
      if (!isGivenUp(dependant)) breach(`its dependant ${dependant.spec.id}, pid ${dependant.pid}, still runs`)
    }
  }

  const judgeKill = (child: Child) => {
    const { pid, spec, termAt } = child
    if (isPastGrace() || isHung(child) || (termAt !== undefined && now() >= termAt + graceMillis)) return
    tell(`SIGKILL to ${spec.id}, pid ${pid}: SIGTERM did not come ${graceMillis} ms before`)
  }

  return {
    wish: (desired: ReadonlyArray<ProcessSpec>) => {
      wishes.wish(desired)
      isWishFree = forking.size === 0 &&
        children().every((child) =>
          isUnreapable(child, mostPatienceMillis) || (child.killAt !== undefined && isGivenUp(child)) ||
          (child.termAt === undefined && wishes.isWantedNow(child.spec) && !hasLostDependency(child))
        )
      const isGoing = ({ spec }: Child) => wishes.isUnwanted(spec)
      for (const spec of forking.values()) {
        const isDependant = children().some((child) => spec.after.includes(child.spec.id) && isGoing(child))
        if (wishes.isUnwanted(spec) || isDependant) spoiled.add(spec)
      }
    },
    onAttempt: (spec: ProcessSpec) => {
      judgeAttempt(spec)
      spoiled.delete(spec)
      forking.set(spec.id, spec)
    },
    onFailure: (spec: ProcessSpec) => {
      forking.delete(spec.id)
      spoiled.delete(spec)
      countFailure(spec)
      law.onFailure(spec)
    },
    onStart: (child: Child) => void forking.delete(child.spec.id),
    onSignal: (child: Child, signal: "SIGTERM" | "SIGKILL") => {
      if (signal === "SIGTERM") judgeTerm(child)
      else judgeKill(child)
      if (child.readyAt !== undefined && child.termAt === undefined) readyUntil.set(child.spec.id, now())
    },
    onExit: (child: Child) => {
      if (child.readyAt === undefined && child.termAt === undefined) countFailure(child.spec)
      if (child.readyAt !== undefined && child.termAt === undefined) readyUntil.set(child.spec.id, now())
      law.onExit(child)
    },
    /** It was stopped: what it did not see is news to it now. */
    onBack: (stoppedMillis: number) => {
      backAt = now()
      if (stoppedMillis > mostBetweenLooksMillis) lookedAwayUntil = now()
      law.onBack()
    },
    onShutdown: () => {
      shutdownAt = now()
    },
    /** Ends before it was ready, of any process of the object, since the daemon began. */
    failedStarts: (config: string) => errors.get(config) ?? 0,
    /** In a row, until the last time that it ended. */
    deathsOf: law.deathsOf,
    /** A daemon is gone: the next one owes nothing to what this one was asked for. */
    onDaemonEnd: () => {
      shutdownAt = undefined
      wishes.clear()
      law.clear()
      forking.clear()
      spoiled.clear()
      errors.clear()
    }
  }
}
