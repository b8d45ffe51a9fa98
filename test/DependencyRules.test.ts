/** The rules of docs/architecture.md, read off the import lines: services say what, layers how, programs when. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"

interface SourceFile {
  /** Below src, with `/`. */
  readonly name: string
  readonly text: string
  /** Own modules as paths below src, others as written. */
  readonly imports: ReadonlyArray<string>
  /** Those that are loaded with the module; the others wait for their `import()`. */
  readonly importsAtOnce: ReadonlyArray<string>
}

const importLine =
  /(?:^|\n)\s*(?:import|export)\b[^"'`;]*?\bfrom\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s+["']([^"']+)["']/g

const readSource = (name: string): SourceFile => {
  const text = readFileSync(path.join("src", name), "utf8")
  const matches = [...text.matchAll(importLine)]
  const modules = (found: ReadonlyArray<RegExpExecArray>) =>
    found.map((match) => match[1] ?? match[2] ?? match[3] ?? "").map((specifier) =>
      specifier.startsWith(".") ? path.posix.join(path.posix.dirname(name), specifier) : specifier
    )
  const importsAtOnce = modules(matches.filter((match) => match[2] === undefined))
  return { name, text, imports: modules(matches), importsAtOnce }
}

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readSource(name.split(path.sep).join("/")))

const byName = new Map(sources.map((source) => [source.name, source]))
/** A room is a folder below services or layers, with all that is in it. */
const roomOf = (name: string) => name.split("/").slice(0, 2).join("/")

/** The rooms of services, from the ground up: each may use those before it, and the single files of the ground floor. */
const storeys = ["kubernetes", "devices", "processes", "linuxptp", "profiles", "clocks", "status"].map((room) =>
  `services/${room}`
)
const storeyOf = (name: string) => storeys.indexOf(roomOf(name))

/** Imports that break a rule, as sentences. */
const breaches = (
  applies: (source: SourceFile) => boolean,
  isBreach: (imported: string, source: SourceFile) => boolean
) =>
  sources.filter(applies).flatMap((source) =>
    source.imports.filter((imported) => isBreach(imported, source)).map((imported) =>
      `${source.name} imports ${imported}`
    )
  )

/** The one thing of the platform in services, and the one file that may use it: an id is a digest, and pure. */
const exceptions = new Map([["services/profiles/ProcessId.ts", "node:crypto"]])

const coreOfEffect = (imported: string) => imported === "effect"
const isContract = (text: string) => /\bextends Context\.Service</.test(text)
const inCli = (name: string) => name.startsWith("programs/cli/")

/** A way from `name` back to itself, or undefined. */
const cycleFrom = (name: string): ReadonlyArray<string> | undefined => {
  const seen = new Set<string>()
  const walk = (at: string, way: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    for (const next of byName.get(at)?.imports ?? []) {
      if (next === name) return [...way, next]
      if (seen.has(next) || !byName.has(next)) continue
      seen.add(next)
      const found = walk(next, [...way, next])
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(name, [name])
}

/** All modules and packages that `name` comes to by the imports that `importsOf` gives. */
const reachableFrom = (
  name: string,
  importsOf: (source: SourceFile) => ReadonlyArray<string>
): ReadonlyArray<string> => {
  const reached = new Set([name])
  for (const at of reached) {
    const source = byName.get(at)
    for (const imported of source === undefined ? [] : importsOf(source)) reached.add(imported)
  }
  return [...reached]
}

describe("dependency rules", () => {
  it("reads the sources and their imports at all", () => {
    assert.isAbove(sources.length, 100)
    assert.include(byName.get("programs/Daemon.ts")?.imports ?? [], "programs/ReconcileProfiles.ts")
  })

  it("services import effect's core and services only, but for a digest", () =>
    assert.deepStrictEqual(
      breaches(({ name }) => name.startsWith("services/"), (imported, { name }) =>
        !coreOfEffect(imported) && !imported.startsWith("services/") && exceptions.get(name) !== imported),
      []
    ))

  it("every room of services has its storey, and no arrow goes up", () => {
    const rooms = new Set(sources.map(({ name }) => name).filter((name) => /^services\/[^/]+\//.test(name)).map(roomOf))
    assert.sameMembers([...rooms], storeys)
    assert.deepStrictEqual(
      breaches(({ name }) => name.startsWith("services/"), (imported, { name }) => storeyOf(imported) > storeyOf(name)),
      []
    )
  })

  it("the folders of the Kubernetes client have storeys as well", () => {
    const folders = ["credentials", "proxies", "requests", "watching", "events"]
    const storeyOfFolder = (name: string) => folders.indexOf(name.split("/")[2] ?? "")
    const client = sources.filter(({ name }) => /^layers\/kubernetes\/[^/]+\//.test(name))
    assert.deepStrictEqual(client.filter(({ name }) => storeyOfFolder(name) < 0).map(({ name }) => name), [])
    assert.deepStrictEqual(
      breaches((source) => client.includes(source), (imported, { name }) =>
        roomOf(imported) === "layers/kubernetes" &&
        (storeyOfFolder(imported) < 0 || storeyOfFolder(imported) > storeyOfFolder(name))),
      []
    )
  })

  it("layers never import programs, and one room of layers never another than native", () =>
    assert.deepStrictEqual(
      breaches(({ name }) => name.startsWith("layers/"), (imported, { name }) =>
        imported.startsWith("programs/") ||
        (imported.startsWith("layers/") && ![roomOf(name), "layers/native"].includes(roomOf(imported)))),
      []
    ))

  it("what runs and supervises processes knows no program by name", () => {
    const rooms = new Set(["layers/processes", "services/processes"])
    const names = /ptp4l|phc2sys|ts2phc|timemaster|chronyd|\bPTP\b|linuxptp(?![-_]daemon)/i
    const knowing = sources.filter(({ name, text }) => rooms.has(roomOf(name)) && names.test(text))
    assert.deepStrictEqual(knowing.map(({ name }) => name), [])
  })

  it("what is not real is in layers/simulated", () => {
    const outside = sources.filter(({ name }) => name.startsWith("layers/") && roomOf(name) !== "layers/simulated")
    const notReal = outside.filter(({ name }) => /(^|\/)(Simulated|InMemory|Embedded|Fake)/.test(name))
    assert.deepStrictEqual(notReal.map(({ name }) => name), [])
  })

  it("only the demo imports what is simulated", () =>
    assert.deepStrictEqual(
      breaches(
        ({ name }) => roomOf(name) !== "layers/simulated" && !name.startsWith("programs/cli/demo/"),
        (imported) => roomOf(imported) === "layers/simulated"
      ),
      []
    ))

  it("layers/native knows nothing of this project", () =>
    assert.deepStrictEqual(
      breaches(({ name }) => name.startsWith("layers/native/"), (imported) =>
        !imported.startsWith("layers/native/") && byName.has(imported)),
      []
    ))

  it("programs import services; only programs/cli picks layers and touches the platform", () =>
    assert.deepStrictEqual(
      breaches(({ name }) => name.startsWith("programs/") && !inCli(name), (imported) =>
        !coreOfEffect(imported) && !imported.startsWith("services/") &&
        !(imported.startsWith("programs/") && !inCli(imported))),
      []
    ))

  it("the platform's barrel is never loaded: it brings a redis client along", () =>
    assert.deepStrictEqual(breaches(() => true, (imported) => imported === "@effect/platform-node"), []))

  it("client-node is loaded outside of a cluster only, by its credentials layer", () =>
    assert.deepStrictEqual(
      breaches(({ name }) => name !== "layers/kubernetes/credentials/KubeConfigCredentials.ts", (imported) =>
        imported.startsWith("@kubernetes/client-node")),
      []
    ))

  it("what a node loads has nothing that is loaded late: no manifests, no kubeconfig, nor their packages", () => {
    const loaded = reachableFrom("programs/cli/RunProgram.ts", ({ importsAtOnce }) => importsAtOnce)
    assert.include(loaded, "programs/Daemon.ts")
    const late = new Set(["yaml", "layers/kubernetes/credentials/KubeConfigCredentials.ts"])
    assert.deepStrictEqual(loaded.filter((name) => late.has(name)), [])
  })

  it("the image's entry never reaches what is simulated, the demo or their packages, not even late", () => {
    const reached = reachableFrom("programs/cli/main.ts", ({ imports }) => imports)
    assert.includeMembers([...reached], ["programs/Daemon.ts", "programs/cli/PlanCommand.ts", "yaml"])
    const ofTheDemo = new Set(["ajv", "fast-json-patch"])
    assert.deepStrictEqual(
      reached.filter((name) =>
        roomOf(name) === "layers/simulated" || name.startsWith("programs/cli/demo/") || ofTheDemo.has(name)
      ),
      []
    )
  })

  it("pure folders have no Effect in their signatures, but for contracts", () => {
    const pure = ["services/profiles/", "services/linuxptp/", "services/clocks/"]
    const withEffect = sources.filter(({ name, text }) =>
      pure.some((folder) => name.startsWith(folder)) && !isContract(text) &&
      /\bEffect\.(Effect|gen|fn)\b/.test(text)
    )
    assert.deepStrictEqual(withEffect.map(({ name }) => name), [])
  })

  it("no module imports itself in a circle", () =>
    assert.deepStrictEqual(sources.flatMap(({ name }) => cycleFrom(name) ?? []), []))

  it("no barrels", () => assert.deepStrictEqual(sources.filter(({ name }) => name.endsWith("/index.ts")), []))

  it("what must not stand in a project that stands alone does not", () => {
    const forbidden = sources.filter(({ text }) => /\b(utils|helpers)\.ts\b|\bas any\b|: any\b/.test(text))
    assert.deepStrictEqual(forbidden.map(({ name }) => name), [])
  })
})

describe("tests", () => {
  it("signal by killOwn only: a pid that was not found must not become their own group", () => {
    const files = ["test", "bench"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => path.posix.join(folder, name))
    ).filter((name) => name.endsWith(".ts"))
    // The one is killOwn itself, the other kills a group of its own, of a pid that it has looked at. 0 sends nothing.
    const exempt = new Set(["test/KillOwn.ts", "test/mutants/main.ts"])
    const signalling = files.filter((name) =>
      !exempt.has(name) && /(?<!\.)\bprocess\.kill\((?![^)]*, 0\))/.test(readFileSync(name, "utf8"))
    )
    assert.deepStrictEqual(signalling, [])
  })
})

describe("package.json", () => {
  it("has the version that the program says", async () => {
    const { version } = await import("../src/services/Version.ts")
    assert.include(readFileSync("package.json", "utf8"), `"version": "${version}"`)
  })

  it("pins every dependency exactly", () => {
    const ranges = [...readFileSync("package.json", "utf8").matchAll(/"([^"]+)": "([\^~><*][^"]*)"/g)]
      .filter(([, name]) => name !== "node")
      .map(([, name, range]) => `${name} ${range}`)
    assert.deepStrictEqual(ranges, [])
  })
})
