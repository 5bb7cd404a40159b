//! Files that are either whole or not there.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::error::BudgetError;

/// Writes a file in one go: to a temporary one beside it, which then takes its name. Whoever reads meanwhile sees
/// the old file or the new one. What is no regular file (a pipe, a terminal) is written to directly.
///
/// # Errors
/// [`BudgetError::Write`].
pub fn write_atomically(path: &Path, text: &str) -> Result<(), BudgetError> {
    write(path, text.as_bytes())
        .map_err(|reason| BudgetError::Write { file: path.display().to_string(), reason })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one: its file is replaced.
    let path = match fs::canonicalize(path) {
        Ok(real) if !real.is_file() => {
            return fs::OpenOptions::new().write(true).open(real)?.write_all(bytes);
        }
        Ok(real) => real,
        Err(_) => path.to_owned(),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder: PathBuf = folder.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".microjoule-");
    #[cfg(unix)]
    {
        // Temporary files are for their owner alone; reports are for whoever the umask allows.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write_atomically(&path, "a longer first text").unwrap();
        write_atomically(&path, "second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_others_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real"), folder.path().join("link"));
        write_atomically(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_atomically(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = write_atomically(Path::new("/nowhere/at/all.json"), "").unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/at/all.json: cannot be written: "), "{error}");
    }
}
