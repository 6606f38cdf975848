import { hash } from 'node:crypto'
import { z } from 'zod'
import { documentChanged, documentRendered, documentSet, templateSet } from '../../../../schemas/document-events.ts'
import { type CreateFollower, emittedOf, entryOf, idIn, kindIn } from './follower.ts'

interface Document {
  template: string
  data: Readonly<Record<string, unknown>>
  version: number
  /** Checksum of the Markdown of the newest version. */
  markdown: string | undefined
  state: string
}

const failedSchema = z.object({ problem: z.string() })

/** The newest version of a document has the last data and the last text of its template, and versions are numbered without a gap. */
export const followDocuments: CreateFollower = (report) => {
  const texts = new Map<string, string>()
  const documents = new Map<string, Document>()
  return {
    kinds: ['template', 'document'],
    take({ seq, actor, record }) {
      const { type, data } = record.input
      if (kindIn(actor) === 'template') {
        if (type === 'template.set') texts.set(idIn(actor), templateSet.parse(data).text)
        for (const { problem } of emittedOf(record, 'template.failed').map((failed) => failedSchema.parse(failed))) {
          report('document', `LOG ${seq}: a version of ${actor} failed: ${problem}`)
        }
        return
      }
      const document = entryOf(documents, actor, () => ({ template: '', data: {}, version: 0, markdown: undefined, state: '' }))
      document.state = record.to
      if (type === 'document.set')
        Object.assign(document, { template: documentSet.parse(data).template, data: documentSet.parse(data).data })
      if (type === 'document.changed') document.data = { ...document.data, ...documentChanged.parse(data).data }
      for (const { version, files } of emittedOf(record, 'document.rendered').map((rendered) => documentRendered.parse(rendered))) {
        if (version !== document.version + 1) report('document', `LOG ${seq}: ${actor} has version ${version} after ${document.version}`)
        Object.assign(document, { version, markdown: files.markdown?.sha256 })
      }
      for (const { problem } of emittedOf(record, 'document.failed').map((failed) => failedSchema.parse(failed))) {
        report('document', `LOG ${seq}: ${actor} could not be made: ${problem}`)
      }
    },
    finish() {
      for (const [actor, { template, data, version, markdown, state }] of documents) {
        const text = texts.get(template)
        if (text === undefined) continue
        const should = hash('sha256', text.replace('{{ n }}', String(data['n'])))
        if (markdown !== should) {
          report('document', `${actor} (${state}): version ${version} differs from ${JSON.stringify(data)} in the last text of ${template}`)
        }
      }
    },
  }
}
