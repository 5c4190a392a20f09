import { Problem } from '../core/problem';
import type { FileEntry } from '../core/types';
import type { Put, UploadDoor } from '../core/uploads';
import type { Api } from './api';
import { problemOf } from './http';

/** Sends bytes with XMLHttpRequest: `fetch` cannot tell how many have left. */
export class UploadHttp implements UploadDoor {
  constructor(private readonly api: Api) {}

  create = (room: string, file: { name: string; size: number; media_type: string }) => this.api.createUpload(room, file);
  offset = async (upload: string) => (await this.api.upload(upload)).offset;
  forget = (upload: string) => this.api.forgetUpload(upload);

  async put(upload: string, offset: number, bytes: Blob, progress: (sent: number) => void, stop: AbortSignal): Promise<Put> {
    try {
      return await this.once(upload, offset, bytes, progress, stop);
    } catch (cause) {
      // A proof in another page gave the session another token: nothing of this part was taken yet.
      if (!(cause instanceof Problem) || cause.title !== 'csrf' || !(await this.api.http.onChanged())) throw cause;
      return this.once(upload, offset, bytes, progress, stop);
    }
  }

  private once(upload: string, offset: number, bytes: Blob, progress: (sent: number) => void, stop: AbortSignal): Promise<Put> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('PATCH', this.api.http.url(`/uploads/${encodeURIComponent(upload)}`));
      request.setRequestHeader('Content-Type', 'application/offset+octet-stream');
      request.setRequestHeader('Upload-Offset', String(offset));
      for (const [name, value] of Object.entries(this.api.http.changeHeaders())) request.setRequestHeader(name, value);
      const abort = () => request.abort();
      stop.addEventListener('abort', abort, { once: true });
      request.upload.onprogress = (event) => progress(event.loaded);
      request.onloadend = () => {
        stop.removeEventListener('abort', abort);
        if (request.status === 201) return resolve({ done: true, file: JSON.parse(request.responseText) as FileEntry });
        if (request.status === 204) return resolve({ done: false, offset: Number(request.getResponseHeader('Upload-Offset')) });
        reject(request.status === 0 ? Problem.unreachable() : problemOf(request.status, request.responseText));
      };
      request.send(bytes);
    });
  }
}
