/** Reads the NodePTPCfg objects that `plan -f` names: from files, folders and standard input. */
import { Effect, FileSystem, Path, Runtime, Schema, Stdio, Stream } from "effect"
import { CliError } from "effect/cli"
import { type Manifests, mergeManifests, readManifestText } from "./ManifestText.ts"

/** A file cannot be read. This is not a mistake in a manifest: nothing can be said about it at all. */
export class ManifestUnreadable extends Schema.TaggedError<ManifestUnreadable>()("ManifestUnreadable", {
  file: Schema.String,
  detail: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false

  override get message(): string {
    return `cannot read ${this.file}: ${this.detail}`
  }

  override get [CliError.userMessage](): string {
    return this.message
  }
}

/** Far more than etcd stores of one object (1.5 MiB), but still quick to read. */
const largestFileBytes = 32 * 1024 * 1024

const isManifestName = (name: string): boolean => /\.(?:ya?ml|json)$/.test(name)

/** Reads each of `names`: a file, the manifests of a folder (without sub-folders), or `-` for standard input. */
export const readManifests = Effect.fn("readManifests")(function*(names: ReadonlyArray<string>) {
  return mergeManifests(yield* Effect.forEach(names, readNamed))
})

const readNamed = Effect.fnUntraced(function*(name: string) {
  return yield* name === "-" ? readStandardInput : readFileOrFolder(name)
})

const unreadable = (file: string) => (error: { readonly message: string }): ManifestUnreadable =>
  new ManifestUnreadable({ file, detail: error.message })

const tooLarge = (file: string) =>
  new ManifestUnreadable({ file, detail: `it is larger than ${largestFileBytes / 1024 / 1024} MiB` })

const readFileOrFolder = Effect.fnUntraced(function*(name: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found = yield* Effect.mapError(files.stat(name), unreadable(name))
  if (found.type !== "Directory") return yield* readFile(name)
  const entries = yield* Effect.mapError(files.readDirectory(name), unreadable(name))
  const manifests = entries.filter(isManifestName).sort().map((entry) => path.join(name, entry))
  if (manifests.length === 0) {
    return yield* new ManifestUnreadable({ file: name, detail: "the folder has no .yaml, .yml or .json file" })
  }
  return mergeManifests(yield* Effect.forEach(manifests, readFile))
})

const readFile = Effect.fnUntraced(function*(file: string): Effect.fn.Return<
  Manifests,
  ManifestUnreadable,
  FileSystem.FileSystem
> {
  const files = yield* FileSystem.FileSystem
  const { size } = yield* Effect.mapError(files.stat(file), unreadable(file))
  if (size > largestFileBytes) return yield* tooLarge(file)
  return readManifestText(file, yield* Effect.mapError(files.readFileString(file), unreadable(file)))
})

const readStandardInput = Effect.gen(function*() {
  const { stdin } = yield* Stdio.Stdio
  let bytes = 0
  const text = yield* stdin.pipe(
    Stream.mapError(unreadable("-")),
    Stream.tap((chunk) => {
      bytes += chunk.length
      return bytes > largestFileBytes ? Effect.fail(tooLarge("-")) : Effect.void
    }),
    Stream.decodeText(),
    Stream.mkString
  )
  return readManifestText("-", text)
})
