import { recordLoadedFiles } from './loaded-files.ts'

// Before anything else is imported, so that changes of Colloquy's own files are seen too.
const files = recordLoadedFiles()
const { startWorker } = await import('./dev-work.ts')
startWorker(files)
