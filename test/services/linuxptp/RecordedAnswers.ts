/** Management answers of real programs, recorded at the UNIX socket. */

/** Of hexadecimal digits; blanks are for the reader. */
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"))

/** What two programs' answers differ in. */
interface Recording {
  readonly version: string
  readonly control: string
  readonly clock: string
}

/** Four answers to questions of the sequence 7: default data set, parent data set, port 1, port 2. */
const answersOf = ({ clock, control, version }: Recording): ReadonlyArray<Uint8Array> => {
  const answer = (length: string, port: string, dataSet: string) =>
    bytesOf(
      `0d${version} ${length} 0000 0000 0000000000000000 00000000 ${clock} ${port} 0007 ${control} 7f` +
        `02fffe0102030405 1092 00000200 0001 ${dataSet}`
    )
  return [
    answer("004a", "0000", `0016 2000 01 00 0002 80 f8feffff 80 ${clock} 00 00`),
    answer("0056", "0000", `0022 2002 ${clock} 0000 00 00 ffff 7fffffff 80 f8feffff 80 ${clock}`),
    answer("0050", "0001", `001c 2004 ${clock} 0001 04 00 0000000000000000 01 03 00 01 00 02`),
    answer("0050", "0002", `001c 2004 ${clock} 0002 04 00 0000000000000000 01 03 00 01 00 02`)
  ]
}

/** `ptp4l -S -2` with two ports, 3.1.1. */
export const answersOf3_1_1 = answersOf({ version: "02", control: "04", clock: "5af85dfffee86e35" })

/** The same, 4.4. */
export const answersOf4_4 = answersOf({ version: "12", control: "00", clock: "b6216efffef8dbde" })
