/** Writes the image that a new embedded database begins as. Runs after the build, on what was built. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connectEmbedded } from '../dist/database/embedded.js';
import { imageFile } from '../dist/database/embedded-image.js';
import { migrate } from '../dist/database/migrations.js';

const file = imageFile();
if (!existsSync(file)) {
  for (const name of readdirSync('dist')) if (/^database-.*\.tar$/.test(name)) rmSync(`dist/${name}`);
  const connection = await connectEmbedded({ image: undefined });
  await migrate(connection);
  const image = await connection.image();
  await connection.close();
  writeFileSync(file, Buffer.from(await image.arrayBuffer()));
}
