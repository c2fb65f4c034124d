// Loaded into a Viaduct under test by --import: SIGUSR2 has its garbage collected and its memory written down, so that
// what is kept can be told from what nobody has thrown away yet.
import { writeFileSync } from 'node:fs';

const { gc } = globalThis;
if (gc) {
  process.on('SIGUSR2', () => {
    gc();
    gc();
    writeFileSync('memory.json', JSON.stringify(process.memoryUsage()));
  });
}
