import { z } from 'zod'
import { DOCUMENT_LIMITS, documentSet, type DocumentVersion, documentVersion } from '../../../schemas/document-events.ts'
import { objectReference } from '../../../schemas/object-reference.ts'

export const contextSchema = z.object({
  id: z.string(),
  settings: documentSet.nullable(),
  /** The version of the template in use; `null` until the template has told of one. */
  template: z.object({ version: z.int().positive(), source: objectReference }).nullable(),
  /** When the first change came that no version has yet; ISO. */
  changedAt: z.string().nullable(),
  /** Oldest first. The newest ones, and the one that is approved. */
  versions: z.array(documentVersion).max(DOCUMENT_LIMITS.versionsMax + 1),
  /** The last version that was approved, and the newest one that was declined; 0 without one. */
  approved: z.int().nonnegative(),
  declined: z.int().nonnegative(),
})
/** The state of a document's actor. */
export type DocumentContext = z.infer<typeof contextSchema>

export const newestOf = ({ versions }: Pick<DocumentContext, 'versions'>): DocumentVersion | undefined => versions.at(-1)

/** The versions that stay when another one comes. */
export function keptVersions(versions: readonly DocumentVersion[], approved: number): DocumentVersion[] {
  const old = versions.slice(0, -DOCUMENT_LIMITS.versionsMax)
  return [...old.filter(({ version }) => version === approved), ...versions.slice(-DOCUMENT_LIMITS.versionsMax)]
}

type Data = z.output<typeof documentSet>['data']

/** The data after a change: `null` removes a field. */
export const changedData = (data: Data, change: Data): Data =>
  Object.fromEntries(Object.entries({ ...data, ...change }).filter(([, value]) => value !== null))

/** Why a change of the data cannot be taken; `undefined` where it can. */
export function changeProblem({ settings }: DocumentContext, change: Data): string | undefined {
  if (settings === null) return 'the document has no template yet; send document.set first'
  const bytes = Buffer.byteLength(JSON.stringify(changedData(settings.data, change)))
  const { dataBytesMax } = DOCUMENT_LIMITS
  return bytes > dataBytesMax ? `data: with this change they have ${bytes} bytes as JSON; at most ${dataBytesMax}` : undefined
}

/** Why a version cannot be approved or declined; `undefined` where it can. */
export function approvalProblem(context: DocumentContext, version: number): string | undefined {
  const newest = newestOf(context)?.version
  if (newest === version) return undefined
  return newest === undefined ? 'version: the document has none yet' : `version: only the newest one, ${newest}, is approved or declined`
}
