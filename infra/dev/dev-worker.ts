import { recordLoadedFiles } from './loaded-files.ts'

// Runs before all other imports, so that it also records Colloquy's own files.
const files = recordLoadedFiles()
const { startWorker } = await import('./dev-work.ts')
startWorker(files)
