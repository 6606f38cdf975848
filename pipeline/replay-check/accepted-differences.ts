import { z } from 'zod'
import { readYamlFile } from '../runtime/yaml-file.ts'

const FILE_BYTES_MAX = 1024 * 1024
const ENTRIES_MAX = 1_000

const fileSchema = z
  .array(
    z.strictObject({
      /** As `check` prints it. */
      cause: z.string().min(1),
      /** Why the difference is meant. */
      reason: z.string().trim().min(1),
      /** The last day on which it is accepted, in UTC. Default: for ever. */
      until: z.iso.date().optional(),
    }),
  )
  .max(ENTRIES_MAX)

/** A difference that is meant. */
export type AcceptedDifference = z.infer<typeof fileSchema>[number]

/** Differences that are meant, by their cause. */
export type AcceptedDifferences = ReadonlyMap<string, AcceptedDifference>

/**
 * Reads a file of accepted differences: a list of `{cause, reason, until?}`, YAML or JSON. Those that have expired are left out.
 *
 * @param today ISO 8601, at least its date
 * @throws ColloquyError `bad_accepted`
 */
export async function readAcceptedDifferences(file: string, today: string): Promise<AcceptedDifferences> {
  const namedBy = '--accept names it'
  const entries = await readYamlFile(file, {
    schema: fileSchema,
    bytesMax: FILE_BYTES_MAX,
    code: 'bad_accepted',
    root: 'accepted',
    namedBy,
  })
  const valid = entries.filter(({ until }) => until === undefined || today.slice(0, 10) <= until)
  return new Map(valid.map((entry) => [entry.cause, entry]))
}
