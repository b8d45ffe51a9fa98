/**
 * Characters that no option and no configuration line may contain, because they can forge lines, log frames and
 * terminal output. All readers of user text in this folder use it.
 */

/**
 * Control characters, format characters (direction marks, zero width), lone surrogates, line and paragraph separators.
 */
const controlCharacter = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** The first control character of `text` as `U+000A`; a tab counts as one. */
export const findControlCharacter = (text: string): string | undefined => {
  const found = controlCharacter.exec(text)?.[0].codePointAt(0)
  return found === undefined ? undefined : `U+${found.toString(16).toUpperCase().padStart(4, "0")}`
}
