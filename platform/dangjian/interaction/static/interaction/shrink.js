// Photos are made smaller before they travel: a phone's twelve megabytes become a few hundred kilobytes.

const LONGEST = 1600;
const QUALITY = 0.85;
const SMALL_ENOUGH = 400 * 1024;

/** A JPEG of at most 1600 px, or the file itself where this browser cannot read it (HEIC) or gains nothing. */
export async function shrink(file) {
  const picture = await decode(file);
  if (!picture) return file;
  const scale = Math.min(1, LONGEST / Math.max(picture.naturalWidth, picture.naturalHeight));
  if (scale === 1 && file.size <= SMALL_ENOUGH && file.type === 'image/jpeg') return file;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  return blob && blob.size < file.size ? blob : file;
}

/** Upright, as the browser shows it; null when it cannot. */
function decode(file) {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(file);
    const picture = new Image();
    picture.onload = () => {
      URL.revokeObjectURL(url);
      resolve(picture);
    };
    picture.onerror = () => {
      URL.revokeObjectURL(url);
      resolve(null);
    };
    picture.src = url;
  });
}
