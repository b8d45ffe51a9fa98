/** A state directory of a test's own, what LastKnownGood makes of its files, and what it says about them. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, type FileSystem, Layer, Logger, Option, References } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import * as FileLastKnownGood from "../../../src/layers/state/FileLastKnownGood.ts"
import { LastKnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import { numbered } from "./LastKnownGoodSuite.ts"

/** Removed with the scope. */
export const makeParent = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(path.join(tmpdir(), "linuxptp-state-"))),
  (parent) => Effect.sync(() => rmSync(parent, { recursive: true }))
)

/** The layer on `directory`, with the numbers of `numbered` for what is saved; 0 is nothing. */
export const openState = (directory: string, disk: Layer.Layer<FileSystem.FileSystem> = NodeFileSystem.layer) =>
  Effect.gen(function*() {
    const warnings: Array<string> = []
    const logger = Logger.make(({ fiber, logLevel, message }) => {
      const { detail, file } = fiber.getRef(References.CurrentLogAnnotations)
      warnings.push(`${logLevel} ${String(message)}: ${path.basename(String(file))}: ${String(detail)}`)
    })
    const live = FileLastKnownGood.layer({ directory }).pipe(
      Layer.provide(disk),
      Layer.provideMerge(Logger.layer([logger]))
    )
    const context = yield* Layer.build(live)
    const { load, save } = yield* Effect.provideContext(LastKnownGood, context)
    return {
      /** What was said since the last asking, without the words that are always the same. */
      takeWarnings: () =>
        warnings.splice(0).map((line) => line.replace("Warn cannot read the last configuration that worked: ", "")),
      load: load.pipe(
        Effect.map(Option.match({ onNone: () => 0, onSome: ({ memory }) => memory.objects[0]?.generation ?? NaN })),
        Effect.provideContext(context)
      ),
      save: (number: number) => Effect.provideContext(save(numbered(number)), context),
      file: path.join(directory, "last-known-good.json"),
      previous: path.join(directory, "last-known-good.json.previous"),
      unfinished: path.join(directory, "last-known-good.json.unfinished")
    }
  })

/** In a directory that has yet to be made, below one that has to be made as well. */
export const newState = Effect.flatMap(makeParent, (parent) => openState(`${parent}/lib/linuxptp-daemon`))
