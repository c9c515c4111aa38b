//! The answer to a command as frames: kind (1 byte), length (4 bytes, big-endian), content. The last frame is the exit
//! code; an answer without one was cut short.

use std::io::{self, Read, Write};

/// Largest content of a frame, in bytes.
pub const CONTENT_BYTES_MAX: usize = 1 << 20;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// For standard output.
    Out(Vec<u8>),
    /// For standard error.
    Err(Vec<u8>),
    /// How far it is: done, all (0 when nobody knows), of what.
    Progress(u64, u64, String),
    /// It ended.
    Exit(u8),
}

impl Frame {
    /// Writes it.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let progress;
        let (kind, content): (u8, &[u8]) = match self {
            Self::Out(content) => (b'o', content),
            Self::Err(content) => (b'e', content),
            Self::Progress(done, all, what) => {
                progress = [&done.to_be_bytes(), &all.to_be_bytes(), what.as_bytes()].concat();
                (b'p', &progress)
            }
            Self::Exit(code) => (b'x', std::slice::from_ref(code)),
        };
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        to.write_all(&[&[kind], &length.to_be_bytes()[..], content].concat())
    }

    /// Reads the next one.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] at an end without [`Frame::Exit`]; [`io::ErrorKind::InvalidData`] for anything else
    /// than a frame.
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let (mut kind, mut length) = ([0], [0; 4]);
        from.read_exact(&mut kind)?;
        from.read_exact(&mut length)?;
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| invalid())?;
        if length > CONTENT_BYTES_MAX {
            return Err(invalid());
        }
        let mut content = vec![0; length];
        from.read_exact(&mut content)?;
        match (kind, content.as_slice()) {
            ([b'o'], _) => Ok(Self::Out(content)),
            ([b'e'], _) => Ok(Self::Err(content)),
            ([b'x'], [code]) => Ok(Self::Exit(*code)),
            ([b'p'], content) => progress(content).ok_or_else(invalid),
            _ => Err(invalid()),
        }
    }
}

fn progress(content: &[u8]) -> Option<Frame> {
    let (done, rest) = content.split_first_chunk()?;
    let (all, what) = rest.split_first_chunk()?;
    let what = String::from_utf8_lossy(what).into_owned();
    Some(Frame::Progress(u64::from_be_bytes(*done), u64::from_be_bytes(*all), what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_and_a_cut_is_noticed() {
        let frames = [
            Frame::Out(b"row\n".to_vec()),
            Frame::Err(Vec::new()),
            Frame::Progress(3, 9, "records".into()),
            Frame::Exit(7),
        ];
        let mut wire = Vec::new();
        frames.iter().for_each(|frame| frame.write(&mut wire).unwrap());
        let mut reader = &wire[..];
        for frame in &frames {
            assert_eq!(&Frame::read(&mut reader).unwrap(), frame);
        }
        for cut in 0..9 {
            let kind = Frame::read(&mut &wire[..cut]).unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{cut}");
        }
        let huge = [b'o', 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Frame::read(&mut &huge[..]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
