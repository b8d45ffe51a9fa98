/**
 * Time and scheduling without anything real: timers fire when the driver says so, tasks of fibers run one after the
 * other until none is left, and the wall clock is the monotonic clock plus an offset that may jump. The same calls
 * always give the same order.
 */
import { Clock, Context, Duration, Effect, Random, References, Scheduler } from "effect"
import { asRandom, type Dice } from "./Dice.ts"

/** More tasks than any burst needs at one instant: a loop that does not wait for anything. */
const mostTasksAtOnce = 200_000
const nanosInMilli = 1_000_000n
/** Any day will do. */
const firstWallMillis = Date.UTC(2026, 10, 1)

interface Timer {
  readonly at: number
  readonly task: () => void
}

/** One operating-system process of the simulation: what it sleeps for and what it has to do ends with it. */
export interface VirtualProcess {
  /** Clock, Scheduler and Random for every fiber of it. */
  readonly context: Context.Context<never>
  readonly isAlive: () => boolean
  /** What comes to it from outside: at once, or when it goes on. */
  readonly deliver: (task: () => void) => void
  /** As SIGSTOP and SIGCONT do: what is due meanwhile is done afterwards. */
  readonly stop: () => void
  readonly goOn: () => void
  /** As SIGKILL does: not one more step is made. */
  readonly kill: () => void
}

export interface VirtualTime {
  /** Monotonic milliseconds since the boot. */
  readonly now: () => number
  readonly wallMillis: () => number
  readonly stepWall: (toMillis: number) => void
  /** Runs `task` later, in no process: hardware and kernel. */
  readonly after: (millis: number, task: () => void) => () => void
  readonly makeProcess: (dice: Dice) => VirtualProcess
  /** Runs everything that is due by then, in its order. */
  readonly advance: (millis: number) => void
  /** Runs what fibers have to do now, without any time; false when there was nothing. */
  readonly drain: () => boolean
  /** When the next timer fires. */
  readonly nextAt: () => number | undefined
}

/** Without `order`, tasks of different fibers run in the order that they came. */
export const makeVirtualTime = (order?: Dice): VirtualTime => {
  let now = 0
  let wallOffset = firstWallMillis
  const timers: Array<Timer> = []
  const tasks = makeTaskQueue(order)

  /** Timers of one instant fire in the order of their making. */
  const after = (millis: number, task: () => void) => {
    // As node does: whole milliseconds, at least one.
    const timer: Timer = { at: now + Math.max(1, Math.trunc(millis)), task }
    const later = timers.findIndex(({ at }) => at > timer.at)
    timers.splice(later < 0 ? timers.length : later, 0, timer)
    return () => {
      const index = timers.indexOf(timer)
      if (index >= 0) timers.splice(index, 1)
    }
  }

  const advance = (millis: number) => {
    const end = now + millis
    tasks.drain()
    for (let [next] = timers; next !== undefined && next.at <= end; [next] = timers) {
      timers.shift()
      now = next.at
      next.task()
      tasks.drain()
    }
    now = end
  }

  const makeProcess = (dice: Dice): VirtualProcess => {
    let alive = true
    /** While it is stopped: what it has to do. */
    let postponed: Array<() => void> | undefined
    const ifAlive = (task: () => void) => () => {
      if (!alive) return
      if (postponed === undefined) task()
      else postponed.push(task)
    }
    const wallMillis = () => now + wallOffset
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: wallMillis,
      currentTimeMillis: Effect.sync(wallMillis),
      currentTimeNanosUnsafe: () => BigInt(wallMillis()) * nanosInMilli,
      currentTimeNanos: Effect.sync(() => BigInt(wallMillis()) * nanosInMilli),
      monotonicTimeNanosUnsafe: () => BigInt(now) * nanosInMilli,
      monotonicTimeNanos: Effect.sync(() => BigInt(now) * nanosInMilli),
      sleep: (duration) => {
        const sleepMillis = Duration.toMillis(duration)
        if (sleepMillis <= 0) return Effect.yieldNow
        if (!Number.isFinite(sleepMillis)) return Effect.never
        return Effect.callback<void>((resume) => Effect.sync(after(sleepMillis, ifAlive(() => resume(Effect.void)))))
      }
    }
    const scheduler: Scheduler.Scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield,
      makeDispatcher: () => {
        const add = tasks.makeLane()
        // Nothing in the daemon asks for another priority than the usual one.
        return { scheduleTask: (task) => add(ifAlive(task)), flush: () => {} }
      }
    }
    return {
      context: Context.make(Clock.Clock, clock).pipe(
        Context.add(Scheduler.Scheduler, scheduler),
        // A fiber may be held up anywhere: few steps at a time find other orders than many do.
        Context.add(Scheduler.MaxOpsBeforeYield, dice.pick([2_048, 2_048, 256, 32])),
        Context.add(Random.Random, asRandom(dice)),
        Context.add(References.MinimumLogLevel, "None")
      ),
      isAlive: () => alive,
      deliver: (task) => ifAlive(task)(),
      stop: () => {
        postponed = []
      },
      goOn: () => {
        const due = postponed ?? []
        postponed = undefined
        for (const task of due) task()
      },
      kill: () => {
        alive = false
      }
    }
  }

  return {
    now: () => now,
    wallMillis: () => now + wallOffset,
    stepWall: (toMillis) => {
      wallOffset = toMillis - now
    },
    after,
    makeProcess,
    advance,
    drain: tasks.drain,
    nextAt: () => timers[0]?.at
  }
}

/** The tasks of one fiber, in the order that they came. */
type Lane = Array<() => void>

/**
 * What fibers have to do now. Tasks of one fiber keep their order; between fibers it is first come, first served, or
 * what `order` draws: nothing promises that one fiber goes on before another.
 */
const makeTaskQueue = (order: Dice | undefined) => {
  const lanes: Array<Lane> = []
  const next = () => {
    const index = order === undefined ? 0 : order.between(0, lanes.length - 1)
    const lane = lanes[index]
    if (lane === undefined) return undefined
    const task = lane.shift()
    if (order === undefined || lane.length === 0) lanes.splice(index, 1)
    return task
  }
  return {
    makeLane: () => {
      const lane: Lane = []
      return (task: () => void) => {
        // In order of arrival a lane stands in the queue once for each of its tasks.
        if (order === undefined || lane.length === 0) lanes.push(lane)
        lane.push(task)
      }
    },
    drain: () => {
      let ran = 0
      for (let task = next(); task !== undefined; task = next()) {
        ran += 1
        if (ran > mostTasksAtOnce) throw new Error("the daemon spins: it has work without end at one instant")
        task()
      }
      return ran > 0
    }
  }
}
