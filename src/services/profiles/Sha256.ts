/**
 * SHA-256 (FIPS 180-4) of a text. Process ids are made with it in the pure planner, which can't ask the platform:
 * its digest is an effect. Short names only: it is not made for speed.
 */

const isPrime = (n: number): boolean => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0) return false
  }
  return true
}

const firstPrimes = (count: number): ReadonlyArray<number> => {
  const primes: Array<number> = []
  for (let n = 2; primes.length < count; n++) {
    if (isPrime(n)) primes.push(n)
  }
  return primes
}

/** The first 32 bits of the fraction, FIPS 180-4 4.2.2. */
const fractionBits = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) | 0

const roundConstants = firstPrimes(64).map((prime) => fractionBits(Math.cbrt(prime)))

type Hash = readonly [number, number, number, number, number, number, number, number]

// The same bits of the square roots of the first eight primes.
const initialHash: Hash = [
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19
]

const rotateRight = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

/** The message, a 1 bit, zeros, and the length in bits as 64 bits: a whole number of 64-byte blocks. */
const padded = (message: Uint8Array): DataView => {
  const view = new DataView(new ArrayBuffer(Math.ceil((message.length + 9) / 64) * 64))
  new Uint8Array(view.buffer).set(message)
  view.setUint8(message.length, 0x80)
  view.setBigUint64(view.byteLength - 8, BigInt(message.length) * 8n)
  return view
}

const messageSchedule = (block: DataView, offset: number): Int32Array => {
  const words = new Int32Array(64)
  const at = (index: number): number => words[index] ?? 0
  for (let i = 0; i < 16; i++) words[i] = block.getInt32(offset + i * 4)
  for (let i = 16; i < 64; i++) {
    const small0 = rotateRight(at(i - 15), 7) ^ rotateRight(at(i - 15), 18) ^ (at(i - 15) >>> 3)
    const small1 = rotateRight(at(i - 2), 17) ^ rotateRight(at(i - 2), 19) ^ (at(i - 2) >>> 10)
    words[i] = at(i - 16) + small0 + at(i - 7) + small1
  }
  return words
}

const compress = (hash: Hash, words: Int32Array): Hash => {
  let [a, b, c, d, e, f, g, h] = hash
  for (const [i, word] of words.entries()) {
    const big1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + big1 + choice + (roundConstants[i] ?? 0) + word) | 0
    const big0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    ;[a, b, c, d, e, f, g, h] = [(first + big0 + majority) | 0, a, b, c, (d + first) | 0, e, f, g]
  }
  const [a0, b0, c0, d0, e0, f0, g0, h0] = hash
  return [a + a0, b + b0, c + c0, d + d0, e + e0, f + f0, g + g0, h + h0]
}

/** The digest of the text's UTF-8 bytes as 64 hexadecimal digits. */
export const sha256Hex = (text: string): string => {
  const message = padded(new TextEncoder().encode(text))
  let hash = initialHash
  for (let offset = 0; offset < message.byteLength; offset += 64) {
    hash = compress(hash, messageSchedule(message, offset))
  }
  return hash.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
}
