/**
 * One deliberate mistake in the sources: a patch by search text, and the tests that have to notice it. The lists beside
 * this file hold them by room; `main.ts` applies them one at a time to a copy of the project.
 */
import { readFileSync, writeFileSync } from "node:fs"
import path from "node:path"

export interface Mutant {
  /** The mistake as a sentence: what the daemon now does wrong. */
  readonly name: string
  /** The file that is changed, below the root of the project. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly search: string
  readonly replace: string
  /** Test files that should fail, below `test`; a bare folder takes all of it. */
  readonly tests: ReadonlyArray<string>
  /** Why nobody notices, if that is known and right. */
  readonly survives?: string
}

/** Applies the mistake to the copy in `root` and gives back how to undo it. Throws where the text is not there once. */
export const applyMutant = ({ file, name, replace, search }: Mutant, root: string): () => void => {
  const place = path.join(root, file)
  const text = readFileSync(place, "utf8")
  const count = text.split(search).length - 1
  if (count !== 1) throw new Error(`"${name}": its search text stands ${count} times in ${file}, not once`)
  writeFileSync(place, text.replace(search, () => replace))
  return () => writeFileSync(place, text)
}
