/** Writes the image that a new embedded database begins as. Runs after the build. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connectEmbedded } from '../src/database/embedded.ts';
import { imageFile } from '../src/database/embedded-image.ts';
import { migrate } from '../src/database/migrations.ts';

const file = imageFile();
if (!existsSync(file)) {
  for (const name of readdirSync('dist')) if (/^database-.*\.tar$/.test(name)) rmSync(`dist/${name}`);
  const connection = await connectEmbedded({ image: undefined });
  await migrate(connection);
  const image = await connection.image();
  await connection.close();
  writeFileSync(file, image);
}
