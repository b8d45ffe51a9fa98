/**
 * SIGKILL for the whole daemon at any moment: in the middle of its start, of an apply, of the removal of old processes.
 * Nothing that it started lives a second later, and the next daemon on the same run directory never runs a ptp4l beside
 * an old one. The last daemon is stopped in order and leaves nothing behind. One series of moments uses the real ptp4l,
 * the others a replacement.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import path from "node:path"
import { killOwn } from "../KillOwn.ts"
import { createProfiles, edit, randomBySeed, standIn } from "./AnyMoment.ts"
import { childrenOf, eventually, filesLeft, type Lab, labLayer, labMissing, makeLab, startDaemon } from "./Lab.ts"

const moments = 200
const lanes = 4
/** Lane 0 runs the real ptp4l. */
const isReal = (lane: number) => lane === 0
/** A third of the moments fall into the start of the program, counted from its fork. */
const isEarly = (moment: number) => moment % 3 === 0
/** Every other daemon is followed at once, while the guard of the last one is still at work. */
const isFollowedAtOnce = (moment: number) => moment % 2 === 0
const patienceMillis = 1_000
/** proc_pid_stat(5): starttime is in clock ticks, which are 10 ms in user space. */
const ticksPerSecond = 100
/** No program of ours starts a child this soon after its own start. */
const margin = 0.1 * ticksPerSecond

/** Of a living process: when it started, and whether it leads its group, as what the daemon itself starts does. */
const facts = (pid: number) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"))
    const [state = "", , group, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (state === "Z" || state === "X") return undefined
    return { name, isLeader: Number(group) === pid, startedAt: Number(rest[22 - 6]) }
  } catch {
    return undefined
  }
}

const nowInTicks = () => Number.parseFloat(readFileSync("/proc/uptime", "latin1")) * ticksPerSecond

/** Pairs of living ptp4l of one profile, which is one NIC. */
const twins = (runDirectory: string): ReadonlyArray<string> => {
  const seen = childrenOf(runDirectory).flatMap(({ command, pid }) => {
    const profile = /ptp4l-(one|two)-/.exec(command)?.[1]
    const found = facts(pid)
    return profile !== undefined && found?.name === "ptp4l" && found.isLeader
      ? [{ pid, profile, startedAt: found.startedAt }]
      : []
  })
  return seen.flatMap((first, index) =>
    seen.slice(index + 1).flatMap((second) =>
      // The first was read before the second: only if it is still the same process they live together.
      first.profile === second.profile && facts(first.pid)?.startedAt === first.startedAt
        ? [`ptp4l of ${first.profile}: ${first.pid} and ${second.pid}`]
        : []
    )
  )
}

/** What a daemon that was killed at that time left, by the age of the processes. */
const survivors = (runDirectory: string, killedAt: number) =>
  childrenOf(runDirectory).filter(({ pid }) => (facts(pid)?.startedAt ?? Infinity) < killedAt + margin)

/** Waits until none is left; gives how long the last one lived, in milliseconds. */
const awaitNone = Effect.fnUntraced(function*(what: string, left: () => ReadonlyArray<unknown>) {
  const from = performance.now()
  while (left().length > 0) {
    const waited = performance.now() - from
    if (waited > patienceMillis) return yield* Effect.die(new Error(`${what}: ${JSON.stringify(left())} lives on`))
    yield* Effect.sleep("20 millis")
  }
  return performance.now() - from
})

/** Guards of these daemons, by their command line: they carry no mark. */
const guardsOf = (daemons: ReadonlySet<number>) =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")
      return daemons.has(Number(words[words.indexOf("linuxptp-daemon-guard") + 1]))
    } catch {
      return false
    }
  })

const writePrograms = (lab: Lab, programs: Readonly<Record<string, string>>) => {
  const directory = path.join(lab.directory, "bin")
  mkdirSync(directory)
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(directory, name), script, { mode: 0o755 })
  }
  return `${directory}:${process.env["PATH"] ?? ""}`
}

type Child = ReturnType<typeof childrenOf>[number]

const ends: Readonly<Record<string, ReadonlyArray<NodeJS.Signals>>> = {
  "forgets it": [],
  "is stopped": ["SIGSTOP"],
  "is killed with the daemon": ["SIGKILL"]
}

/** Its chronyd ignores SIGTERM and is another user's, for which the kernel takes a death signal away. */
const timemaster = `#!/bin/sh
case "$*" in *" -n"*) exit ;; esac
trap 'exit 0' TERM
setpriv --reuid 65534 --clear-groups sh -c 'trap "" TERM HUP; sleep 1000; sleep 1000' &
echo "timemaster[1.000]: process $! started: chronyd"
wait
`

const timemasterConfig = {
  profile: [{ name: "both", timemasterConf: "[ptp_domain 0]\ninterfaces nic0\n[timemaster]\nntp_program chronyd\n" }],
  recommend: [{ profile: "both", priority: 4, match: [{ nodeName: "worker-1" }] }]
}

const isNobodys = ({ command, pid }: Child) => {
  try {
    return command.startsWith("sleep") && statSync(`/proc/${pid}`).uid === 65_534
  } catch {
    return false
  }
}

const started = (daemon: Effect.Success<ReturnType<typeof startDaemon>>) =>
  eventually("started", Effect.sync(() => daemon.output().includes("daemon started") || undefined)).pipe(
    Effect.tapDefect(() => Effect.sync(() => console.error(daemon.output())))
  )

describe.skipIf(labMissing !== undefined)(
  `SIGKILL at any moment${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live(`leaves nothing alive, at ${moments} random moments`, () =>
      Effect.gen(function*() {
        const random = randomBySeed()
        const lab = yield* makeLab
        yield* createProfiles(lab)
        const withStandIn = writePrograms(lab, { ptp4l: standIn })
        yield* Effect.forkScoped(edit(lab))
        const runDirectoryOf = (lane: number) => path.join(lab.directory, `run${lane}`)
        const start = (lane: number) =>
          startDaemon(lab, {
            LINUXPTP_RUN_DIR: runDirectoryOf(lane),
            ...(isReal(lane) ? {} : { PATH: withStandIn })
          })
        const found = new Set<string>()
        const look = Effect.sync(() => {
          for (let lane = 0; lane < lanes; lane += 1) for (const pair of twins(runDirectoryOf(lane))) found.add(pair)
        })
        yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("50 millis")))
        const daemons = new Set<number>()
        let longest = 0

        const killOnce = Effect.fnUntraced(function*(lane: number, moment: number, share: number) {
          const daemon = yield* start(lane)
          daemons.add(daemon.pid)
          if (!isEarly(moment)) yield* started(daemon)
          yield* Effect.sleep(`${Math.round(share * 1_200)} millis`)
          yield* daemon.kill("SIGKILL")
          assert.strictEqual(yield* daemon.exit, "SIGKILL", `moment ${moment}: ${daemon.output()}`)
          const killedAt = nowInTicks()
          return awaitNone(`moment ${moment} at ${share}`, () => survivors(runDirectoryOf(lane), killedAt)).pipe(
            Effect.tap((millis) => Effect.sync(() => longest = Math.max(longest, millis)))
          )
        }, Effect.scoped)

        const endInOrder = Effect.fnUntraced(function*(lane: number) {
          const runDirectory = runDirectoryOf(lane)
          const daemon = yield* start(lane)
          daemons.add(daemon.pid)
          yield* started(daemon)
          yield* eventually("ptp4l", Effect.sync(() => childrenOf(runDirectory).length > 0 || undefined))
          yield* daemon.kill("SIGTERM")
          assert.strictEqual(yield* daemon.exit, 0, daemon.output())
          assert.deepStrictEqual(childrenOf(runDirectory), [])
          assert.deepStrictEqual(filesLeft(runDirectory), [])
          assert.deepStrictEqual(guardsOf(new Set([daemon.pid])), [])
        }, Effect.scoped)

        const shares = Array.from({ length: moments }, (_, moment) => [moment, random()] as const)
        yield* Effect.forEach(
          Array.from({ length: lanes }, (_, lane) => lane),
          Effect.fnUntraced(function*(lane) {
            const ends: Array<Fiber.Fiber<number>> = []
            for (const [moment, share] of shares.filter(([moment_]) => moment_ % lanes === lane)) {
              const end = yield* Effect.forkChild(yield* killOnce(lane, moment, share))
              if (isFollowedAtOnce(Math.floor(moment / lanes))) ends.push(end)
              else yield* Fiber.join(end)
            }
            yield* Fiber.joinAll(ends)
            yield* endInOrder(lane)
          }),
          { concurrency: "unbounded", discard: true }
        )
        // Those of the daemons that were killed end by themselves; now no daemon lives that could have one.
        yield* awaitNone("guards", () => guardsOf(daemons))
        console.log(`the last child ended ${longest.toFixed(0)} ms after the daemon, at worst`)
        assert.deepStrictEqual([...found], [])
      }).pipe(Effect.scoped, Effect.provide(labLayer)), 900_000)

    for (const [how, timemasterMeets] of Object.entries(ends)) {
      it.live(`ends a chronyd that changed its user when timemaster ${how}`, () =>
        Effect.gen(function*() {
          const lab = yield* makeLab
          yield* createProfiles(lab, timemasterConfig)
          const runDirectory = path.join(lab.directory, "run")
          const daemon = yield* startDaemon(lab, { PATH: writePrograms(lab, { timemaster }) })
          const find = (holds: (child: Child) => boolean) => childrenOf(runDirectory).find(holds)
          yield* eventually("chronyd", Effect.sync(() => find(isNobodys))).pipe(
            Effect.tapDefect(() => Effect.sync(() => console.error(daemon.output())))
          )
          const leader = find(({ command }) => command.includes("timemaster-"))
          for (const signal of timemasterMeets) killOwn(leader?.pid, signal)
          yield* daemon.kill("SIGKILL")
          yield* daemon.exit
          yield* awaitNone("timemaster and its own", () => childrenOf(runDirectory))
        }).pipe(Effect.scoped, Effect.provide(labLayer)))
    }
  }
)
