/**
 * Finds etcd, kube-apiserver and kubectl for the cluster tests: in `KUBEBUILDER_ASSETS`, else in a cache outside of the
 * checkout, else the Go module in this folder builds them into that cache. It does not start them.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { createInterface } from "node:readline"
import { findProgram } from "../../src/layers/native/ProgramPath.ts"

/** Paths of programs that can be run. */
export interface ControlPlaneBinaries {
  readonly etcd: string
  readonly kubeApiserver: string
  readonly kubectl: string
}

/** What was found, or why the tests can't run here. A build that fails is neither: it throws. */
export type BinarySearch =
  | ({ readonly _tag: "Found" } & ControlPlaneBinaries)
  | { readonly _tag: "Missing"; readonly reason: string }

const moduleDirectory = import.meta.dirname
const onPath = (process.env["PATH"] ?? "").split(":")
/** Where Go's own archive is unpacked, and where Debian's packages put it, when PATH does not say so. */
const goDirectories = [...onPath, "/usr/local/go/bin", "/usr/lib/go/bin"]

/** Finds the programs or builds them, which takes minutes the first time; `say` is told of it. */
export const findBinaries = async (say: (line: string) => void): Promise<BinarySearch> => {
  const given = givenBinaries(process.env["KUBEBUILDER_ASSETS"] ?? "", say)
  if (given !== undefined) return given
  if (os.platform() !== "linux") return { _tag: "Missing", reason: "needs Linux" }
  const go = findProgram("go", goDirectories)
  if (go === undefined) return { _tag: "Missing", reason: "needs KUBEBUILDER_ASSETS, or Go to build kube-apiserver" }
  // In the module, where a Go that can fetch the toolchain which go.mod asks for is that toolchain; others complain.
  const ask = (...words: ReadonlyArray<string>) => spawnSync(go, words, { cwd: moduleDirectory, encoding: "utf8" })
  const { status, stderr } = ask("list", "-m")
  if (status !== 0) return { _tag: "Missing", reason: `${go} is no help: ${stderr.trim().replaceAll("\n", "; ")}` }
  const directory = path.join(cacheDirectory(), `control-plane-${cacheKey(ask("env", "GOVERSION").stdout)}`)
  const built = binariesIn([directory])
  if (built !== undefined) return built
  await build(go, directory, say)
  return binariesIn([directory]) ?? { _tag: "Missing", reason: `${directory} is incomplete` }
}

const givenBinaries = (assets: string, say: (line: string) => void): BinarySearch | undefined => {
  if (assets === "") return undefined
  // Debian has an etcd (package etcd-server) and a kubectl of its own, which stand in for those that are not given.
  const given = findProgram("kube-apiserver", [assets]) === undefined ? undefined : binariesIn([assets, ...onPath])
  if (given === undefined) say(`KUBEBUILDER_ASSETS: no kube-apiserver in ${assets}, or no etcd or kubectl anywhere`)
  return given
}

const binariesIn = (directories: ReadonlyArray<string>): BinarySearch | undefined => {
  const [etcd, kubeApiserver, kubectl] = ["etcd", "kube-apiserver", "kubectl"].map((name) =>
    findProgram(name, directories)
  )
  return etcd === undefined || kubeApiserver === undefined || kubectl === undefined
    ? undefined
    : { _tag: "Found", etcd, kubeApiserver, kubectl }
}

const cacheDirectory = () => {
  const given = process.env["XDG_CACHE_HOME"] ?? ""
  // The specification has relative paths ignored (XDG Base Directory Specification).
  return path.join(given.startsWith("/") ? given : path.join(os.homedir(), ".cache"), "linuxptp-daemon")
}

const kubernetesVersion = () => {
  const [, version = "v0.0.0"] = /^\tk8s\.io\/kubernetes (v\S+)/m.exec(moduleFile("go.mod")) ?? []
  return version
}

const moduleFile = (name: string) => readFileSync(path.join(moduleDirectory, name), "utf8")

/** The version is stamped as Kubernetes' own build does it; without debug symbols the programs are a third smaller. */
const linkerFlags = () => {
  const version = kubernetesVersion()
  const [major = "", minor = ""] = version.slice(1).split(".")
  const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: "clean" }
  return [
    "-s -w",
    ...Object.entries(stamps).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  ]
    .join(" ")
}

const cacheKey = (goVersion: string) => {
  const inputs = [
    moduleFile("go.mod"),
    moduleFile("go.sum"),
    os.platform(),
    os.arch(),
    goVersion,
    linkerFlags(),
    script
  ]
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16)
}

/**
 * Runs under a lock that the kernel gives back however the run ends, so that a second run waits for the first one and
 * finds its work. What is not whole never has the name that is looked for.
 */
const script = `
[ -x "$2/kubectl" ] && exit 0
rm -rf "$2" "$2.part"
mkdir "$2.part"
setpriv --pdeathsig KILL -- "$1" build -v -trimpath -buildvcs=false -ldflags "$3" -o "$2.part/" \
  k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl go.etcd.io/etcd/server/v3
mv "$2.part/server" "$2.part/etcd"
mv "$2.part" "$2"
`

const tellEveryMillis = 20_000

const build = async (go: string, directory: string, say: (line: string) => void): Promise<void> => {
  mkdirSync(path.dirname(directory), { recursive: true })
  say(`building kube-apiserver ${kubernetesVersion()}, kubectl and etcd into ${directory}: minutes, once`)
  const begun = performance.now()
  const seconds = () => Math.round((performance.now() - begun) / 1000)
  const words = ["--no-fork", `${directory}.lock`, "sh", "-ec", script, "build", go, directory, linkerFlags()]
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "flock", ...words], {
    cwd: moduleDirectory,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" }
  })
  const lines: Array<string> = []
  createInterface({ input: child.stderr }).on("line", (line) => void lines.push(line))
  const telling = setInterval(() => {
    say(lines.length === 0 ? `${seconds()} s: waiting for another run's build` : `${seconds()} s: at ${lines.at(-1)}`)
  }, tellEveryMillis)
  const code = await exitOf(child).finally(() => clearInterval(telling))
  if (code !== 0) throw new Error(`kube-apiserver can't be built (${code}):\n${lines.slice(-30).join("\n")}`)
  say(`built in ${seconds()} s`)
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | string>((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => resolve(code ?? signal ?? "unknown"))
  })
