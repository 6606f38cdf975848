import { contextSchema } from '../../actors/kinds/document/document-context.ts'
import { type DocumentVersion, type Format, FORMATS } from '../../schemas/document-events.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, recordsOf } from '../jetstream/last-record.ts'
import { createObjectStore, openTaskObjects } from '../task-runner/object-store.ts'

/** A document as its actor has it. */
export interface KeptVersions {
  /** Oldest first. */
  readonly versions: readonly DocumentVersion[]
  /** The last version that was approved; 0 without one. */
  readonly approved: number
}

/** Reads the versions of a document. @throws ColloquyError `no_document` */
export async function readVersions(jetstream: Pick<JetStreamContext, 'jsm'>, address: Address): Promise<KeptVersions> {
  const context = contextSchema.safeParse((await lastRecord(jetstream, recordsOf(address)))?.record.state?.context)
  if (context.data === undefined) {
    throw new ColloquyError('no_document', `${actorKey(address)} is no document; list them by "colloquy actors --kind document"`)
  }
  return context.data
}

/**
 * Reads a file of a version of a document.
 *
 * @param version default: the newest
 * @throws ColloquyError `no_document`, `no_document_file`
 */
export async function readFileOf(
  jetstream: JetStreamContext,
  address: Address,
  { format, version }: { readonly format: Format; readonly version?: number | undefined },
): Promise<{ readonly version: DocumentVersion; readonly bytes: Buffer }> {
  const { versions } = await readVersions(jetstream, address)
  const found = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version)
  const reference = found?.files[format]
  if (found === undefined || reference === undefined) {
    const kept = versions.map((one) => one.version).join(', ') || 'none'
    const formats = found === undefined ? '' : formatsOf(found).join(', ')
    const has = found === undefined ? `it keeps the versions ${kept}` : `version ${found.version} has ${formats}, and no ${format}`
    throw new ColloquyError('no_document_file', `${actorKey(address)} has no such file: ${has}`)
  }
  // A document with a file has the bucket already, so nothing is created here.
  const store = createObjectStore(await openTaskObjects(jetstream, 1), NOTHING_STORED)
  return { version: found, bytes: await store.of(address, 'read').object(reference) }
}

const NOTHING_STORED = { objectBytesMax: 0, objectsBytesMax: 0 }

/** The formats of a version. */
export const formatsOf = ({ files }: DocumentVersion): string[] => Object.keys(FORMATS).filter((format) => Object.hasOwn(files, format))
