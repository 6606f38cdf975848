import { ColloquyError } from '../../../schemas/errors.ts'
import { fileProblem } from '../../runtime/file-errors.ts'
import { type DocumentFile, type ReadDocument, readDocument } from './read-file.ts'

/** The process that reads documents, one at a time. Whatever a file does to it, the command goes on. */
export type ReaderReply = { readonly read: ReadDocument } | { readonly problem: string }

process.on('message', (file: DocumentFile) => {
  readDocument(file)
    .then((read): ReaderReply => ({ read }))
    .catch((error: unknown): ReaderReply => ({ problem: error instanceof ColloquyError ? error.message : fileProblem(error) }))
    .then((reply) => process.send?.(reply))
    .catch(() => process.exit(1))
})
process.on('disconnect', () => process.exit())
// The terminal sends Ctrl-C to both processes; the command ends this one.
process.on('SIGINT', () => undefined)
