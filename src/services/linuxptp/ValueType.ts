/**
 * The types of values in linuxptp's options. A value is read as linuxptp reads it and written in one canonical form, so
 * that equal settings become equal text. The option tables are built from these types.
 */

export type ValueType =
  | {
    readonly _tag: "Integer"
    readonly min: number
    readonly max: number
    readonly words: ReadonlyArray<string>
  }
  | { readonly _tag: "Decimal"; readonly min: number; readonly max: number }
  | { readonly _tag: "Word"; readonly words: ReadonlyArray<string> }
  | {
    readonly _tag: "Text"
    readonly is: (text: string) => boolean
    readonly expected: string
    readonly write: (text: string) => string
  }

/** The canonical text, or a description of what was expected instead. */
export type ReadValue = { readonly value: string } | { readonly expected: string }

/** A whole number within limits. `words` are names for numbers, read in upper or lower case. */
export const integer = (min: number, max: number, ...words: ReadonlyArray<string>): ValueType => ({
  _tag: "Integer",
  min,
  max,
  words
})

/** A finite number within limits. */
export const decimal = (min: number, max: number): ValueType => ({ _tag: "Decimal", min, max })

/** One of some words; read in upper or lower case, written as given here. */
export const word = (...words: ReadonlyArray<string>): ValueType => ({ _tag: "Word", words })

/** Text that a rule accepts. `expected` completes the sentence "expected …"; `write` makes the canonical form. */
export const text = (
  expected: string,
  is: (text: string) => boolean,
  write: (text: string) => string = (value) => value
): ValueType => ({ _tag: "Text", is, expected, write })

/** INT_MAX and INT_MIN of the C programs. */
export const intMax = 2_147_483_647
export const intMin = -2_147_483_648

/** DBL_MIN of the C programs. strtod fails for a number between it and 0. */
export const decimalMin = 2.225_073_858_507_201_4e-308

/** linuxptp writes its switches as 0 and 1. */
export const flag: ValueType = integer(0, 1)

const integerText = /^([+-]?)(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})$/

/** Reads as strtol with base 0 does (linuxptp util.c, get_ranged_int): 0x… is hexadecimal, a leading 0 octal. */
const parseInteger = (value: string): number => {
  const [, sign, digits = ""] = integerText.exec(value) ?? []
  if (digits === "" || /^0[0-7]*[89]/.test(digits)) return Number.NaN
  const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
  return sign === "-" ? -magnitude : magnitude
}

const decimalText = /^[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?$/

const canonicalNumber = (value: number): string => String(value === 0 ? 0 : value)

const isWithin = (value: number, min: number, max: number): boolean =>
  Number.isFinite(value) && value >= min && value <= max

const describeRange = (min: number, max: number): string =>
  max === Number.MAX_VALUE ? `of at least ${min}` : `from ${min} to ${max}`

const readDecimal = (value: string, min: number, max: number): ReadValue => {
  const parsed = decimalText.test(value) ? Number(value) : Number.NaN
  const isTooSmall = Math.abs(parsed) < decimalMin && /^[^eE]*[1-9]/.test(value)
  if (!isWithin(parsed, min, max) || isTooSmall) {
    return { expected: min === -Number.MAX_VALUE ? "a number" : `a number ${describeRange(min, max)}` }
  }
  return { value: canonicalNumber(parsed) }
}

/** Reads `value` as `type`; never throws. */
export const readValue = (type: ValueType, value: string): ReadValue => {
  switch (type._tag) {
    case "Integer": {
      const name = value.toUpperCase()
      if (type.words.includes(name)) return { value: name }
      const parsed = parseInteger(value)
      if (isWithin(parsed, type.min, type.max)) return { value: canonicalNumber(parsed) }
      return { expected: `a whole number ${describeRange(type.min, type.max)}` }
    }
    case "Decimal":
      return readDecimal(value, type.min, type.max)
    case "Word": {
      const lowerCase = value.toLowerCase()
      const found = type.words.find((candidate) => candidate.toLowerCase() === lowerCase)
      return found === undefined ? { expected: `one of ${type.words.join(", ")}` } : { value: found }
    }
    case "Text":
      return type.is(value) ? { value: type.write(value) } : { expected: type.expected }
  }
}
