/**
 * `npm run test:mutants`: puts one mistake after the other into a copy of the project, runs the tests that should see
 * it, and prints which mistakes nobody saw. Two copies work at the same time. Exit 1 when less than 95 % are caught,
 * when a survivor has no reason beside it, when a mistake does not fit the sources any more, or when the tests fail
 * without any mistake.
 *
 * `npm run test:mutants -- TEXT` takes only the mistakes with TEXT in their name or file.
 */
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { allMutants } from "./AllMutants.ts"
import { applyMutant, type Mutant } from "./Mutant.ts"

type Verdict = "caught" | "caught by a hang" | "SURVIVED" | "BROKEN"

interface Result {
  readonly mutant: Mutant
  readonly verdict: Verdict
  /** Of the test that noticed first, or what is wrong with the mutant. */
  readonly by: string
}

const workers = 2
/** A mistake may make a test wait for ever; the tests of one mutant take seconds. */
const testPatienceMillis = 20_000
const patienceMillis = 120_000
const enough = 0.95
const copied = ["src", "test", "deploy", "docs", "bench", "package.json", "tsconfig.json", "README.md", "CHANGELOG.md"]
const configurations: Readonly<Record<string, string>> = {
  "test/chaos": "vitest.chaos.config.ts",
  "test/faults": "vitest.faults.config.ts"
}

/** A copy of the project for one worker; the packages are linked. */
const makeCopy = (): string => {
  const root = mkdtempSync(path.join(tmpdir(), "linuxptp-daemon-mutants-"))
  for (const name of [...copied, "vitest.config.ts", ...Object.values(configurations)]) {
    cpSync(name, path.join(root, name), { recursive: true })
  }
  symlinkSync(path.resolve("node_modules"), path.join(root, "node_modules"))
  return root
}

interface Report {
  readonly numFailedTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly name: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>
  }>
}

/** Leaders of the process groups in which tests run. */
const running = new Set<number>()
const end = (leader: number) => process.kill(-leader, "SIGKILL")

/** Runs test files in a copy. Undefined when they had to be ended. */
const runTests = async (root: string, tests: ReadonlyArray<string>): Promise<Report | undefined> => {
  const file = path.join(root, "report.json")
  rmSync(file, { force: true })
  const folder = Object.keys(configurations).find((name) => tests.every((test) => `test/${test}`.startsWith(name)))
  const config = folder === undefined ? "vitest.config.ts" : configurations[folder] ?? "vitest.config.ts"
  const bounds = folder === undefined ? [`--testTimeout=${testPatienceMillis}`] : []
  const words = ["run", "--config", config, "--bail=1", ...bounds, "--reporter=json", `--outputFile=${file}`]
  const child = spawn("node_modules/.bin/vitest", [...words, ...tests.map((test) => `test/${test}`)], {
    cwd: root,
    stdio: "ignore",
    detached: true,
    // A few hundred seeds find what a thousand find, in a fraction of the time.
    env: { ...process.env, SEEDS: "150", NO_COLOR: "1" }
  })
  const pid = child.pid
  if (pid === undefined) throw new Error("vitest cannot be started")
  running.add(pid)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end(pid)
  }, patienceMillis)
  await new Promise((resolve) => child.once("close", resolve))
  clearTimeout(timer)
  running.delete(pid)
  return isLate ? undefined : JSON.parse(readFileSync(file, "utf8"))
}

const judge = (mutant: Mutant, report: Report | undefined): Result => {
  if (report === undefined) return { mutant, verdict: "caught by a hang", by: `no end after ${patienceMillis} ms` }
  const failed = report.testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) =>
    status === "failed"
  )
  if (failed !== undefined) return { mutant, verdict: "caught", by: failed.fullName }
  // A file that can't be loaded says nothing about the rule that was broken.
  const broken = report.testResults.find(({ status }) => status === "failed")
  return broken === undefined
    ? { mutant, verdict: "SURVIVED", by: mutant.survives ?? "no reason known" }
    : { mutant, verdict: "BROKEN", by: `${path.basename(broken.name)}: ${broken.message.slice(0, 200)}` }
}

const tryMutant = async (mutant: Mutant, root: string): Promise<Result> => {
  try {
    const undo = applyMutant(mutant, root)
    try {
      return judge(mutant, await runTests(root, mutant.tests))
    } finally {
      undo()
    }
  } catch (error) {
    return { mutant, verdict: "BROKEN", by: String(error) }
  }
}

/** The tests without any mistake: what fails here would pass for a mistake that was caught. */
const failsBefore = async (root: string, tests: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const groups = [
    ...Object.keys(configurations).map((folder) => tests.filter((test) => `test/${test}`.startsWith(folder))),
    tests.filter((test) => !Object.keys(configurations).some((folder) => `test/${test}`.startsWith(folder)))
  ]
  const failed: Array<string> = []
  for (const group of groups.filter((one) => one.length > 0)) {
    const report = await runTests(root, group)
    if (report === undefined) failed.push(`${group.join(", ")}: no end`)
    else failed.push(...report.testResults.filter(({ status }) => status === "failed").map(({ name }) => name))
  }
  return failed
}

const main = async (words: ReadonlyArray<string>): Promise<number> => {
  const wanted = words.join(" ")
  const mutants = allMutants.filter(({ file, name }) => `${file} ${name}`.includes(wanted))
  const copies = Array.from({ length: workers }, makeCopy)
  const removeCopies = () => {
    for (const leader of running) end(leader)
    for (const root of copies) rmSync(root, { recursive: true, force: true })
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  // Also when the run is ended before its time.
  process.once("exit", removeCopies)
  try {
    const [first = ""] = copies
    const failed = await failsBefore(first, [...new Set(mutants.flatMap(({ tests }) => tests))])
    if (failed.length > 0) {
      console.log(`without any mistake these fail:\n${failed.join("\n")}`)
      return 1
    }
    const results: Array<Result> = []
    let next = 0
    await Promise.all(copies.map(async (root) => {
      for (let index = next++; index < mutants.length; index = next++) {
        const mutant = mutants[index]
        if (mutant === undefined) return
        const result = await tryMutant(mutant, root)
        results.push(result)
        console.log(`${result.verdict.padEnd(16)} ${mutant.name}\n${" ".repeat(17)}${result.by}`)
      }
    }))
    return summary(results)
  } finally {
    removeCopies()
  }
}

const summary = (results: ReadonlyArray<Result>): number => {
  const of = (verdict: Verdict) => results.filter((result) => result.verdict === verdict)
  const survivors = of("SURVIVED")
  const caught = results.length - survivors.length - of("BROKEN").length
  console.log(`\nMutants: ${caught} caught, ${survivors.length} survived, ${of("BROKEN").length} broken`)
  for (const { by, mutant } of [...survivors, ...of("BROKEN")]) console.log(`  ${mutant.file}: ${mutant.name}: ${by}`)
  const isEnough = caught >= enough * results.length
  return isEnough && of("BROKEN").length === 0 && survivors.every(({ mutant }) => mutant.survives !== undefined) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
