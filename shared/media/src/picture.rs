//! What bytes are. Pure: only heads are read, nothing is decoded, so a small file cannot fill a memory.

use imagesize::ImageType;
use posts::{Picture, limits};

/// Why bytes are not taken: a word for programs and a sentence for the author.
pub(crate) type Refused = (&'static str, String);

/// Judges a picture by its bytes; what a server calls it does not count.
pub(crate) fn judge(bytes: &[u8], alt: &str) -> Result<Picture, Refused> {
    let mime = match imagesize::image_type(bytes) {
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Gif) => "image/gif",
        Ok(ImageType::Webp) => "image/webp",
        _ => {
            let message = "What is there is no JPEG, PNG, GIF or WebP picture. Convert it.";
            return Err(("type", message.into()));
        }
    };
    let broken = || ("broken", "The picture is damaged: its size cannot be read.".to_owned());
    let size = imagesize::blob_size(bytes).map_err(|_| broken())?;
    let (Ok(width), Ok(height)) = (u32::try_from(size.width), u32::try_from(size.height)) else {
        return Err(broken());
    };
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(broken());
    }
    if pixels > limits::PICTURE_PIXELS {
        let message = format!(
            "The picture has {width} × {height} pixels; at most {} in all are taken. Make it smaller.",
            limits::PICTURE_PIXELS
        );
        return Err(("too_large", message));
    }
    let (mime, bytes) = (mime.to_owned(), bytes.len() as u64);
    Ok(Picture { mime, bytes, width, height, alt: alt.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG (RFC 2083, section 3.2 and 4.1.1).
    fn png(width: u32, height: u32) -> Vec<u8> {
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
        [head, &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0, 0, 0, 0, 0]].concat()
    }

    fn gif(width: u16, height: u16) -> Vec<u8> {
        [b"GIF89a".as_slice(), &width.to_le_bytes(), &height.to_le_bytes(), &[0; 8]].concat()
    }

    /// A start, an application segment, and a frame header (ITU T.81, annex B).
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let app = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08";
        [app.as_slice(), &height.to_be_bytes(), &width.to_be_bytes(), &[3; 12]].concat()
    }

    /// An extended WebP: the canvas less one, in 24 bits each.
    fn webp(width: u32, height: u32) -> Vec<u8> {
        let head = b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".as_slice();
        let [w, h] = [width - 1, height - 1].map(u32::to_le_bytes);
        [head, &w[..3], &h[..3], &[0; 8]].concat()
    }

    #[test]
    fn type_and_size_come_from_the_bytes() {
        let table = [
            (png(40, 30), "image/png"),
            (gif(40, 30), "image/gif"),
            (jpeg(40, 30), "image/jpeg"),
            (webp(40, 30), "image/webp"),
        ];
        for (bytes, mime) in table {
            let found = judge(&bytes, "alt").unwrap();
            assert_eq!((found.mime.as_str(), found.width, found.height), (mime, 40, 30));
            assert_eq!((found.bytes, found.alt.as_str()), (bytes.len() as u64, "alt"));
        }
    }

    #[test]
    fn what_is_no_picture_or_a_bomb_is_refused() {
        let code = |bytes: &[u8]| judge(bytes, "").unwrap_err().0;
        for other in [
            b"".as_slice(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"<html>",
            b"%PDF-1.7",
            b"BM\0\0\0\0",
            b"\0\0\0\x20ftypheic\0\0\0\0mif1heic",
        ] {
            assert_eq!(code(other), "type", "{other:?}");
        }
        assert_eq!(code(&png(65_535, 65_535)), "too_large");
        assert_eq!(code(&png(u32::MAX, u32::MAX)), "too_large");
        assert_eq!(code(&png(0, 7)), "broken");
        assert_eq!(code(&jpeg(40, 30)[..12]), "broken");
        assert!(judge(&png(10_000, 5_000), "").is_ok());
    }
}
