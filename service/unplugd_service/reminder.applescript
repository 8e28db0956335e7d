-- Shows unplugd's notices as notifications of its own application. They come as files in a folder, so that untrusted
-- text is never part of a script: the first line is the title, and the file names sort by age. A click on a notification
-- starts this again, with nothing left to show.
on run
	try
		set noticeFolder to (POSIX path of (path to application support folder from user domain)) & "unplugd/notices/"
		repeat
			set noticeName to do shell script ("/bin/ls " & quoted form of noticeFolder & " | /usr/bin/head -n 1")
			if noticeName is "" then exit repeat
			set noticeFile to quoted form of (noticeFolder & noticeName)
			set noticeTitle to do shell script ("/usr/bin/head -n 1 " & noticeFile)
			set noticeText to do shell script ("/usr/bin/tail -n +2 " & noticeFile) without altering line endings
			-- Remove it before showing it, so that a file that cannot be removed is not shown forever.
			do shell script ("/bin/rm " & noticeFile)
			display notification noticeText with title noticeTitle
			-- A notification may be lost if its application quits at once.
			delay 1
		end repeat
	end try
end run
