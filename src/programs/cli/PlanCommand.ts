/**
 * The command `plan`: shows what would run on a node, and why, from manifests alone. It uses the daemon's own decision
 * and changes nothing. The exit code is 0 without mistakes, 1 with at least one, 2 if it cannot tell.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Option, Runtime, Schema } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import * as CommandInstalledLinuxptp from "../../layers/linuxptp/CommandInstalledLinuxptp.ts"
import { InstalledLinuxptp } from "../../services/linuxptp/InstalledLinuxptp.ts"
import { type LinuxptpVersion, parseLinuxptpVersion } from "../../services/linuxptp/LinuxptpVersion.ts"
import { decide } from "../../services/profiles/Decide.ts"
import type { Problem } from "../../services/profiles/Decision.ts"
import { sortProblems } from "../../services/profiles/ResultOrder.ts"
import { emptyVersionMemory } from "../../services/profiles/VersionMemory.ts"
import { defaultRunDirectory } from "../../services/Settings.ts"
import { readManifests } from "./Manifests.ts"
import { renderPlanJson, renderPlanText } from "./PlanText.ts"

/** The plan was printed and contains at least one problem of severity `error`. */
class PlanHasErrors extends Schema.TaggedError<PlanHasErrors>()("PlanHasErrors", { count: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false

  override get message(): string {
    return `the plan has ${this.count} errors`
  }
}

/** The options of `plan`. */
export interface PlanOptions {
  readonly files: ReadonlyArray<string>
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: the interfaces are unknown, and then none is reported as missing. */
  readonly devices: ReadonlyArray<string> | undefined
  /** Undefined: the version that is installed. */
  readonly linuxptp: LinuxptpVersion | undefined
  readonly output: "text" | "json"
}

/** Used if no linuxptp is installed and no version is given. */
const defaultVersion: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

/** Prints the plan. Fails with `PlanHasErrors` after it, or with `ManifestUnreadable` instead of it. */
export const printPlan = Effect.fn("printPlan")(function*(options: PlanOptions) {
  const { objects, problems } = yield* readManifests(options.files)
  const linuxptpVersion = options.linuxptp ?? (yield* installedVersion)
  const node = { name: options.node, labels: options.labels }
  const interfaces = options.devices?.map((name) => ({ name }))
  const { decision } = decide({
    objects,
    node,
    interfaces,
    linuxptpVersion,
    // The paths are those on a node.
    runDir: defaultRunDirectory,
    memory: emptyVersionMemory
  })
  const whole = {
    ...decision,
    problems: sortProblems([
      ...problems,
      ...decision.problems,
      ...(objects.length === 0 ? [nothingToPlan(options)] : [])
    ])
  }
  const plan = { node, linuxptpVersion, decision: whole }
  yield* Console.log(options.output === "json" ? renderPlanJson(plan) : renderPlanText(plan))
  const count = whole.problems.filter(({ severity }) => severity === "error").length
  if (count > 0) return yield* new PlanHasErrors({ count })
})

/** In a pipeline an empty input is more often a mistake of an earlier command than intended. */
const nothingToPlan = ({ files }: PlanOptions): Problem => ({
  severity: "warning",
  config: files.join(", "),
  path: "",
  message: "no NodePTPCfg found"
})

const installedVersion = Effect.gen(function*() {
  const { version } = yield* InstalledLinuxptp
  return Option.getOrElse(yield* version, () => defaultVersion)
})

/** Reads `a,b` as a list. An empty text is an empty list. */
const splitCommas = (text: string): ReadonlyArray<string> =>
  text.split(",").map((item) => item.trim()).filter((item) => item !== "")

/** Reads `key=value,key=`, split at the first `=`. A key alone has the empty value, as in Kubernetes labels. */
const parseLabels = (text: string): Option.Option<Readonly<Record<string, string>>> => {
  const pairs = splitCommas(text).map((item): readonly [string, string] => {
    const at = item.indexOf("=")
    return at < 0 ? [item, ""] : [item.slice(0, at).trim(), item.slice(at + 1).trim()]
  })
  return pairs.some(([key]) => key === "") ? Option.none() : Option.some(Object.fromEntries(pairs))
}

const flags = {
  files: Flag.String("file").pipe(
    Flag.withAlias("f"),
    Flag.withMetavar("FILE"),
    Flag.withDescription("manifests: a file, a folder, or - for standard input; may be given several times"),
    Flag.atLeast(0)
  ),
  moreFiles: Argument.String("file").pipe(
    Argument.withDescription("more manifests, so that a shell may expand -f *.yaml"),
    Argument.variadic()
  ),
  node: Flag.String("node").pipe(
    Flag.withMetavar("NAME"),
    Flag.filter((name) => name.trim() !== "", () => "the name of a node"),
    Flag.withDescription("name of the node to plan for")
  ),
  labels: Flag.String("labels").pipe(
    Flag.withMetavar("k=v,…"),
    Flag.withDescription("labels of the node"),
    Flag.filterMap(parseLabels, () => "key=value,key=value"),
    Flag.withDefault({})
  ),
  devices: Flag.String("devices").pipe(
    Flag.withMetavar("a,b"),
    Flag.withDescription("the node's NICs: a profile that names another one waits for it, which is an error"),
    Flag.map(splitCommas),
    Flag.optional
  ),
  linuxptp: Flag.String("linuxptp").pipe(
    Flag.withMetavar("VERSION"),
    Flag.withDescription("the node's linuxptp (default: the installed one, else 4.4)"),
    Flag.filterMap(
      (text) => Option.fromUndefinedOr(parseLinuxptpVersion(text)),
      () => "a version as 4.4 or 3.1.1"
    ),
    Flag.optional
  ),
  output: Flag.Literals("output", ["text", "json"]).pipe(
    Flag.withAlias("o"),
    Flag.withDefault("text"),
    Flag.withDescription("text: a page for people, json: one object")
  )
}

/** The subcommand `plan`. */
export const planCommand = Command.make(
  "plan",
  flags,
  ({ devices, files, labels, linuxptp, moreFiles, node, output }) =>
    printPlan({
      files: [...files, ...moreFiles],
      node,
      labels,
      devices: Option.getOrUndefined(devices),
      linuxptp: Option.getOrUndefined(linuxptp),
      output
    })
).pipe(
  Command.withDescription("What would run on a node, and why"),
  Command.validate(({ files, moreFiles }) =>
    files.length + moreFiles.length > 0
      ? Effect.void
      : Effect.fail(new CliError.MissingOption({ option: "file" }))
  ),
  Command.provide(CommandInstalledLinuxptp.layer.pipe(Layer.provideMerge(NodeServices.layer)))
)
